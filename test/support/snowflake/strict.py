"""Makes fakesnow refuse what Snowflake refuses, and understand what it lacks."""
import re

import duckdb
import fakesnow.cursor as cursor
import fakesnow.info_schema as info_schema
import fakesnow.server as server
import fakesnow.transforms as transforms
import snowflake.connector.errors as errors
from fakesnow.instance import FakeSnow
from sqlglot import exp

import wire

class Nothing(dict):
    """fakesnow keeps every result for ever, for RESULT_SCAN."""

    def __setitem__(self, key, value):
        pass


def install():
    server.shared_fs = FakeSnow(nop_regexes=[r"^\s*alter\s+session\s+(set|unset)\s+(?!autocommit)"])
    server.shared_fs.results_cache = Nothing()
    server.to_ipc = wire.kept
    execute = cursor.FakeSnowflakeCursor._execute

    def commit_before_ddl(self, transformed, params=None):
        if isinstance(transformed, (exp.Create, exp.Drop, exp.Alter, exp.Comment)):
            try:
                self._duck_conn.commit()
            except duckdb.TransactionException:
                pass
        execute(self, transformed, params)
        if isinstance(transformed, exp.Merge):
            # What can be described is what Snowflake would answer.
            self._last_sql, self._last_params = 'SELECT 0 AS "number of rows changed"', None
            self._arrow_table = self._arrow_table.rename_columns(["number of rows changed"])

    cursor.FakeSnowflakeCursor._execute = commit_before_ddl
    parse = cursor.parse_one

    def prepared(sql):
        found = re.match(r"\s*EXPLAIN\s+USING\s+JSON\s+(.*)", sql, re.I | re.S)
        return explained(parse(found.group(1))) if found else parse(sql).transform(as_duckdb)

    cursor.parse_one = prepared
    server.parse_one = kind_of
    cursor.FakeSnowflakeCursor._describe_last_sql = describe
    cursor.FakeSnowflakeCursor._execute = remember_sql(cursor.FakeSnowflakeCursor._execute)
    run = cursor.FakeSnowflakeCursor.execute

    def checked(self, command, *args, **kwargs):
        if re.match(r"\s*MERGE\b", command, re.I):
            refuse_ambiguous_merge(self, command, run, kwargs)
        try:
            return run_once_translated(self, command, run, *args, **kwargs)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise errors.ProgrammingError(msg=str(error), errno=100000, sqlstate="22000") from error

    cursor.FakeSnowflakeCursor.execute = checked
    # It remembers how long texts may be, by statements that break at a quote in a name.
    info_schema.insert_text_lengths_sql = lambda *_: "SELECT 1"
    # DuckDB has a MERGE of its own.
    transforms.merge = lambda expression: [expression]


KINDS = {
    "SELECT": "SELECT 1", "WITH": "SELECT 1", "INSERT": "INSERT INTO a VALUES (1)", "UPDATE": "UPDATE a SET b = 1", "DELETE": "DELETE FROM a", "CREATE": "CREATE TABLE a (b INT)",
    "MERGE": "MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN DELETE", "DROP": "DROP TABLE a", "BEGIN": "BEGIN", "COMMIT": "COMMIT", "ROLLBACK": "ROLLBACK", "SHOW": "SHOW TABLES",
    "EXPLAIN": "SELECT 1", "ALTER": "ALTER SESSION SET a = 1", "USE": "USE SCHEMA a",
}
PARSE = server.parse_one
KIND_CACHE = {}
MERGE_CHECKS = {}


def kind_of(sql):
    """The server only asks what kind of statement it is."""
    word = re.match(r"\s*(\w+)", sql).group(1).upper()
    if word not in KIND_CACHE:
        KIND_CACHE[word] = PARSE(KINDS.get(word, sql))
    return KIND_CACHE[word]


def describe(self):
    """fakesnow takes its own SQL apart once more for this."""
    self._duck_conn.execute("DESCRIBE " + self._last_sql, self._last_params)
    return self._duck_conn.fetchall()


# Taking a statement apart and putting it together for DuckDB costs far more than running it, and Sluice's statements differ from sync to sync in numbers and names only.
TEMPLATES = {}
VARYING = re.compile(r"(?<=_)\d+_\d+_[0-9a-f]{8}(?=\")|(?<=\"number\" = )\d+|(?<=\"sync\" = )\d+|(?<=\"epoch\" = )\d+|(?<=\"chunk\" = )\d+|(?<=\"attempt\" = )\d+|'\d+ '|(?<=SELECT )\d+(?=, )|(?<=state_)[0-9a-f]{8}|(?<=MODELS_)[0-9A-F]{8}")


def template(command):
    values = []

    def mark(found):
        text = found.group(0)
        values.append(text)
        number = 770000000 + len(values)
        if text.startswith("'"):
            return f"'{number} '"
        return str(number) if text.isdigit() and len(text) < 8 else f"zz{number}zz" 

    return VARYING.sub(mark, command), values


def filled(sql, values):
    def back(found):
        text = values[int(found.group(1)) - 770000001]
        return text.strip("'").strip() if text.startswith("'") else text

    return re.sub(r"(?:zz)?(7700000\d\d)(?:zz)?", back, sql)


def run_once_translated(self, command, run, *args, **kwargs):
    if not re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|BEGIN|COMMIT|ROLLBACK|DROP\s+TABLE|CREATE\s+(OR\s+REPLACE\s+)?(TRANSIENT\s+)?TABLE)\b", command, re.I):
        return run(self, command, *args, **kwargs)
    text, values = template(command)
    key = (self._conn.database, self._conn.schema, text)
    known = TEMPLATES.get(key)
    if known is None:
        self.translated = []
        run(self, command, *args, **kwargs)
        # One statement of DuckDB's for one of Snowflake's, and nothing in it that looks like a mark.
        if len(self.translated) == 1 and len(values) < 90:
            self.translated = []
            transformed = self._transform(cursor.parse_one(text), None)
            if len(TEMPLATES) > 3000:
                TEMPLATES.clear()
            TEMPLATES[key] = (transformed, transformed.sql(dialect="duckdb"))
        return self
    transformed, sql = known
    params = kwargs.get("binding_params")
    node = Translated(transformed, filled(sql, values))
    self._sqlstate = None
    self._execute(node, list(params) if params is not None and transformed.find(exp.Placeholder) else None)
    return self


class Translated:
    """A statement whose SQL is known. For all else it is the tree that it came from."""

    def __init__(self, expression, text):
        self._expression, self._text = expression, text

    @property
    def __class__(self):
        return type(self._expression)

    def __getattr__(self, name):
        return getattr(self._expression, name)

    def sql(self, dialect=None, **options):
        return self._text if dialect == "duckdb" else self._expression.sql(dialect=dialect, **options)


def remember_sql(execute):
    def remembering(self, transformed, params=None):
        getattr(self, "translated", []).append(transformed)
        return execute(self, transformed, params)

    return remembering


def refuse_ambiguous_merge(self, command, run, kwargs):
    """Snowflake refuses a MERGE in which two source rows would change one target row."""
    text, values = template(command)
    if text not in MERGE_CHECKS:
        merge = PARSE(text)
        target, source, on = merge.this, merge.args["using"], merge.args["on"]
        name = exp.to_identifier(target.alias_or_name, quoted=True).sql("snowflake")
        tables = f"{target.sql('snowflake')} JOIN {source.sql('snowflake')} ON {on.sql('snowflake')}"
        MERGE_CHECKS[text] = f'SELECT {name}.rowid AS "r" FROM {tables} GROUP BY 1 HAVING COUNT(*) > 1 LIMIT 1'
    run_once_translated(self, filled(MERGE_CHECKS[text], values), run, **kwargs)
    if self.fetchall():
        raise errors.ProgrammingError(msg="Duplicate row detected during DML action", errno=100090, sqlstate="42P18")


def explained(query):
    names = sorted({".".join(part.sql("snowflake") for part in table.parts) for table in query.find_all(exp.Table)})
    plan = '{"Operations":[[' + ",".join('{"operation":"TableScan","objects":["%s"]}' % name.replace('"', '\\"') for name in names) + "]]}"
    return exp.select(exp.Literal.string(plan).as_("content"))


def within(node):
    """What is put in another's place is not looked into again."""
    return node.transform(as_duckdb)


def as_duckdb(node):
    if isinstance(node, exp.ByteLength):
        return exp.Anonymous(this="STRLEN", expressions=[within(node.this)])
    if isinstance(node, exp.Trim) and node.args.get("position") == "TRAILING" and node.args.get("expression"):
        # One inside another loses its characters on the way to DuckDB.
        return exp.Anonymous(this="RTRIM", expressions=[within(node.this), node.args["expression"]])
    if isinstance(node, exp.MD5NumberLower64):
        return exp.Anonymous(this="MD5_NUMBER_LOWER", expressions=[within(node.this)])
    if isinstance(node, exp.ToChar) and isinstance(node.args.get("format"), exp.Literal):
        return formatted(within(node.this), node.args["format"].this)
    if isinstance(node, exp.Div):
        # DuckDB's answer is null.
        divisor = within(node.expression)
        failure = exp.Anonymous(this="ERROR", expressions=[exp.Literal.string("Division by zero")])
        return exp.Case().when(exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0)), failure).else_(exp.Div(this=within(node.this), expression=divisor, typed=True, safe=True))
    return node


def formatted(value, picture):
    if "EEEE" in picture:
        digits = picture.split("E")[0].count("9") - 1
        return exp.Anonymous(this="PRINTF", expressions=[exp.Literal.string(f"%.{digits}e"), value])
    if picture == "TZH:TZM":
        # DuckDB keeps points in time only: in UTC.
        return exp.Case().when(value.is_(exp.Null()), exp.Null()).else_(exp.Literal.string("+00:00"))
    if picture.startswith("HH24"):
        # strftime takes no time without a day.
        value = exp.Add(this=exp.cast(exp.Literal.string("2000-01-01"), "DATE"), expression=value)
    directives = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "FF9": "%n", "FF3": "%g", '"T"': "T", '"Z"': "Z"}
    text = re.sub(r'YYYY|MM|DD|HH24|MI|SS|FF9|FF3|"T"|"Z"', lambda found: directives[found.group(0)], picture)
    return exp.Anonymous(this="STRFTIME", expressions=[value, exp.Literal.string(text)])


CODES = [
    (r"already exists", "002002", "42710"),
    (r"Division by zero", "100051", "22012"),
    (r"Could not convert string", "100038", "22018"),
    (r"(Schema|Catalog) .*does not exist|Catalog Error.*does not exist", "002003", "42S02"),
    (r"Referenced (column|table) .* not found", "000904", "42000"),
]


def translate(answer):
    """Snowflake's codes for what DuckDB says."""
    if answer.get("success"):
        return answer
    message = answer.get("message") or ""
    for pattern, code, state in CODES:
        if re.search(pattern, message, re.S):
            return answer | {"code": code, "data": {"errorCode": code, "sqlState": state}}
    return answer

"""fakesnow's Arrow results as Snowflake's JSON wire format, large ones in parts that the driver fetches by address, and that are made when it does."""
import base64, collections, gzip, json, secrets

import pyarrow as pa

PART_BYTES = 16_000_000  # as Sluice sets CLIENT_RESULT_CHUNK_SIZE
FIRST_ROWS = 1000  # of a large result, which come with the answer
CHUNKS = collections.OrderedDict()  # address -> (part of a table, kinds of its columns)
TABLES = {}  # results on their way through fakesnow's answer, which would write each out as text twice
PARAMETERS = [
    ("TIMEZONE", "UTC"),
    ("BINARY_OUTPUT_FORMAT", "HEX"),
    ("DATE_OUTPUT_FORMAT", "YYYY-MM-DD"),
    ("TIME_OUTPUT_FORMAT", "HH24:MI:SS"),
    ("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"),
    ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3"),
    ("TIMESTAMP_LTZ_OUTPUT_FORMAT", ""),
    ("TIMESTAMP_TZ_OUTPUT_FORMAT", ""),
]


def column(values, kind):
    t = values.type
    if pa.types.is_struct(t):
        zoned = "timezone" in [field.name for field in t]
        return [None if v is None or v.get("epoch") is None else f"{v['epoch']}.{v['fraction']:09d}" + (f" {v['timezone']}" if zoned else "") for v in values.to_pylist()]
    if pa.types.is_date(t):
        return [None if v is None else str(v) for v in values.cast(pa.int32()).to_pylist()]
    if pa.types.is_string(t):
        return values.to_pylist()
    if pa.types.is_boolean(t):
        return [None if v is None else ("1" if v else "0") for v in values.to_pylist()]
    if pa.types.is_binary(t) or pa.types.is_large_binary(t):
        return [None if v is None else v.hex().upper() for v in values.to_pylist()]
    if kind == "time":
        return [None if v is None else f"{v // 10**9}.{v % 10**9:09d}" for v in values.to_pylist()]
    if pa.types.is_floating(t):
        return [None if v is None else repr(v) for v in values.to_pylist()]
    return [None if v is None else str(v) for v in values.to_pylist()]


def kept(table):
    """Stands in for the bytes of a result."""
    name = secrets.token_bytes(8)
    TABLES[name] = table
    return name


def taken(packed):
    return TABLES.pop(base64.b64decode(packed))


def rows_of(piece, kinds):
    piece = piece.combine_chunks()
    return [list(row) for row in zip(*[column(piece.column(i), kinds[i]) for i in range(piece.num_columns)])]


def rewrite(answer, base):
    data = answer.get("data")
    if not answer.get("success") or not isinstance(data, dict) or "rowtype" not in data:
        return json.dumps(answer).encode()
    data["parameters"] = [{"name": name, "value": value} for name, value in PARAMETERS]
    data["version"] = 1
    if data.get("queryResultFormat") == "arrow":
        packed = data.pop("rowsetBase64")
        data["queryResultFormat"] = "json"
        data["rowset"] = []
        if packed:
            table = taken(packed)
            kinds = [one["type"] for one in data["rowtype"]]
            rows = table.num_rows
            first = FIRST_ROWS if table.nbytes > PART_BYTES else rows
            data["rowset"] = rows_of(table.slice(0, first), kinds)
            if rows > first:
                step = max(1, rows * PART_BYTES // table.nbytes)
                data["chunks"] = [stored(table.slice(offset, step), kinds, base) for offset in range(first, rows, step)]
            data["total"] = rows
    if data.get("returned") is None:
        data["returned"] = data.get("total", len(data.get("rowset", [])))
    return json.dumps(answer).encode()


def stored(piece, kinds, base):
    name = secrets.token_hex(8)
    CHUNKS[name] = piece, kinds
    while len(CHUNKS) > 200:
        CHUNKS.popitem(last=False)
    return {"url": f"{base}/chunk/{name}", "rowCount": piece.num_rows, "uncompressedSize": piece.nbytes, "compressedSize": piece.nbytes}


def chunk(name):
    """A part of a result, zipped."""
    if name not in CHUNKS:
        return b""
    return gzip.compress(json.dumps(rows_of(*CHUNKS[name]), separators=(",", ":"))[1:-1].encode(), 1)

/**
 * The laws' SQL is what every warehouse understands; a warehouse that folds unquoted names to upper case gets them quoted, as the laws mean them.
 * Names are told from the language's words by the list below; a word before "(" is a function, or a table with its columns.
 */
const words = new Set(
  `select from where and or not in is null as union all insert into values update set delete drop create table cast case when then else end begin commit order by desc limit
   interval timestamp date distinct true false like exists group having with on join left current_date bigint text integer number varchar float boolean variant binary time array object
   timestamptz alter column add merge using matched`.split(/\s+/),
);

const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|:{1,2}\w+|\d[\w.]*|[A-Za-z_][A-Za-z0-9_$]*(\s*\()?/g;

/** Quotes every name, and doubles the backslashes in strings, which standard SQL leaves alone. */
export function withQuotedNames(sql: string, quote: (name: string) => string): string {
  let before = '';
  return sql.replace(tokens, (token, call: string | undefined) => {
    const previous = before;
    before = token.toLowerCase();
    if (token.startsWith("'")) return token.replaceAll('\\', '\\\\');
    if (/^["\-:\d]/.test(token)) return token;
    const name = call === undefined ? token : token.slice(0, -call.length);
    const isTable = previous === 'table' || previous === 'into';
    if (words.has(name.toLowerCase()) || (call !== undefined && !isTable)) return token;
    return `${quote(name)}${call ?? ''}`;
  });
}

/** The statements of a script. */
export function statementsOf(script: string): readonly string[] {
  const statements = script.match(/(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^;'"])+/g) ?? [];
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

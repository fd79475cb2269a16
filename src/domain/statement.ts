/** How a warehouse's SQL is split into tokens; only what hides or reveals a `;` matters here. */
export type SqlDialect = 'postgres' | 'snowflake';

export type StatementScan =
  /** `text` is the statement without the `;` that ended it. It may end in a line comment. */
  | { readonly kind: 'one'; readonly text: string }
  | { readonly kind: 'none' }
  /** `secondLine` is the line, counted from 1, on which the second statement starts. */
  | { readonly kind: 'several'; readonly secondLine: number }
  | { readonly kind: 'unterminated'; readonly what: Enclosed; readonly line: number };

type Enclosed = 'string' | 'quoted name' | 'comment';

interface TokenRule {
  readonly kind: 'blank' | 'end' | 'content';
  /** Sticky. A named group `end` that matched nothing means that the token never ends. */
  readonly pattern: RegExp;
  readonly what?: Enclosed;
}

const letter = 'A-Za-z_\\u0080-\\uffff';
const whitespace: TokenRule = { kind: 'blank', pattern: /\s+/y };
const semicolon: TokenRule = { kind: 'end', pattern: /;/y };
const quotedName: TokenRule = { kind: 'content', what: 'quoted name', pattern: /"(?:[^"]+|"")*(?<end>"?)/y };
const name: TokenRule = { kind: 'content', pattern: new RegExp(`[${letter}][${letter}0-9$]*`, 'y') };
const anything: TokenRule = { kind: 'content', pattern: /[^]/y };

/** The first rule that matches wins. Names come before dollar quotes because a name may hold a `$`. */
const rules: Record<SqlDialect, readonly TokenRule[]> = {
  postgres: [
    whitespace,
    semicolon,
    { kind: 'blank', pattern: /--[^\r\n]*/y },
    // A backslash escapes only after E, and goes on escaping in the parts of a string that continues on the next line.
    { kind: 'content', what: 'string', pattern: /[eE]'(?:[^'\\]+|\\[^]|''|'[ \t\f]*[\r\n]\s*')*(?<end>'?)/y },
    { kind: 'content', what: 'string', pattern: /'(?:[^']+|'')*(?<end>'?)/y },
    quotedName,
    name,
    {
      kind: 'content',
      what: 'string',
      pattern: new RegExp(`\\$(?<tag>(?:[${letter}][${letter}0-9]*)?)\\$(?:(?!\\$\\k<tag>\\$)[^])*(?<end>(?:\\$\\k<tag>\\$)?)`, 'y'),
    },
    anything,
  ],
  snowflake: [
    whitespace,
    semicolon,
    { kind: 'blank', pattern: /(?:--|\/\/)[^\r\n]*/y },
    { kind: 'blank', what: 'comment', pattern: /\/\*(?:(?!\*\/)[^])*(?<end>(?:\*\/)?)/y },
    { kind: 'content', what: 'string', pattern: /'(?:[^'\\]+|\\[^]|'')*(?<end>'?)/y },
    quotedName,
    name,
    { kind: 'content', what: 'string', pattern: /\$\$(?:(?!\$\$)[^])*(?<end>(?:\$\$)?)/y },
    anything,
  ],
};

/** Finds the one statement of a model's query. A final `;` is forgiven; what follows it may only be blank. */
export function scanStatement(sql: string, dialect: SqlDialect): StatementScan {
  let found: string | null = null;
  let statementStart = 0;
  let hasContent = false;
  let at = 0;
  while (at < sql.length) {
    const token = tokenAt(sql, at, dialect);
    if (token.unterminated !== null) return { kind: 'unterminated', what: token.unterminated, line: lineOf(sql, at) };
    if (token.kind === 'content' && !hasContent) {
      if (found !== null) return { kind: 'several', secondLine: lineOf(sql, at) };
      hasContent = true;
    }
    if (token.kind === 'end') {
      if (hasContent) found = sql.slice(statementStart, at);
      statementStart = token.end;
      hasContent = false;
    }
    at = token.end;
  }
  if (hasContent) found = sql.slice(statementStart);
  return found === null ? { kind: 'none' } : { kind: 'one', text: found.trim() };
}

interface Token {
  readonly kind: TokenRule['kind'];
  readonly end: number;
  readonly unterminated: Enclosed | null;
}

function tokenAt(sql: string, at: number, dialect: SqlDialect): Token {
  if (dialect === 'postgres' && sql.startsWith('/*', at)) return nestedComment(sql, at);
  for (const { kind, pattern, what } of rules[dialect]) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match !== null) return { kind, end: pattern.lastIndex, unterminated: match.groups?.['end'] === '' ? (what ?? null) : null };
  }
  throw new RangeError(`no token at ${at}`);
}

/** PostgreSQL's block comments nest, which a regular expression cannot follow. */
function nestedComment(sql: string, start: number): Token {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let match = mark.exec(sql); match !== null; match = mark.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'blank', end: mark.lastIndex, unterminated: null };
  }
  return { kind: 'blank', end: sql.length, unterminated: 'comment' };
}

function lineOf(sql: string, at: number): number {
  return sql.slice(0, at).split(/\r\n|\r|\n/).length;
}

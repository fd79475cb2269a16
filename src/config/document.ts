import { isMap, isScalar, isSeq, isAlias, LineCounter, parseDocument, visit, type Document, type Node, type YAMLError } from 'yaml';

export type Path = readonly (string | number)[];

export interface Position {
  /** Both counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** Something wrong, and where. */
export interface Finding {
  readonly position: Position;
  readonly message: string;
}

export interface YamlDocument {
  /** Meaningless when `readable` is false. */
  readonly value: unknown;
  readonly readable: boolean;
  readonly problems: readonly Finding[];
  /** Where the key or list item at the end of `path` stands, or its nearest parent that does. */
  positionOf(path: Path): Position;
}

/** The library's own messages quote the text around a mistake, which may be a secret, so they are not passed on. */
const sentences: Partial<Record<YAMLError['code'], string>> = {
  BAD_INDENT: 'wrong indentation, or a bracket or quote above was never closed',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " on this line, expected quotes around text that holds one',
  DUPLICATE_KEY: 'this key stands in its map twice, remove one of them',
  MISSING_CHAR: 'a closing bracket, brace or quote, a comma or a colon is missing here',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line and be followed by a colon',
  NON_STRING_KEY: 'this key is a list or a map, expected text',
  MULTIPLE_DOCS: 'a second document starts here, expected one per file',
  TAB_AS_INDENT: 'indented with a tab, expected spaces',
  TAG_RESOLVE_FAILED: 'unknown tag, remove it',
  UNEXPECTED_TOKEN: 'unexpected bracket, quote or other character',
};

/** Parses YAML 1.2 (with `<<` merges) and remembers where everything stands. */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const found = [...document.errors, ...document.warnings];
  const inSyntax = found.map((error) => ({ position: at(error.pos[0]), message: sentences[error.code] ?? `is not valid YAML (${error.code})` }));
  const inAliases = aliasProblems(document).map(({ offset, message }) => ({ position: at(offset), message }));
  const problems = [...inSyntax, ...inAliases];
  const positionOf = (path: Path): Position => at(offsetOf(document, path));
  const unreadable = { value: null, readable: false, positionOf };
  if (inAliases.length > 0 || found.some((error) => error.code !== 'DUPLICATE_KEY')) return { ...unreadable, problems };
  try {
    return { value: document.toJS(), readable: true, problems, positionOf };
  } catch {
    // What is left to go wrong is the library's guard against aliases that multiply without end.
    return { ...unreadable, problems: [...problems, { position: at(0), message: 'too many nested aliases (*name), expected them written out' }] };
  }
}

function aliasProblems(document: Document): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      const offset = startOf(alias);
      const range = alias.resolve(document)?.range;
      if (range === undefined || range === null) problems.push({ offset, message: 'this alias (*name) has no anchor (&name) before it' });
      else if (range[0] <= offset && offset < range[2]) problems.push({ offset, message: 'this alias (*name) stands inside its own anchor (&name)' });
    },
  });
  return problems;
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const next = child(dereference(node, document), step);
    if (next === null) break;
    offset = next.offset;
    node = next.node;
  }
  return offset;
}

interface Child {
  readonly node: unknown;
  readonly offset: number;
}

function child(node: unknown, step: string | number): Child | null {
  if (isMap(node)) {
    const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair === undefined ? null : { node: pair.value, offset: startOf(pair.key) };
  }
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? null : { node: item, offset: startOf(item) };
  }
  return null;
}

function dereference(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

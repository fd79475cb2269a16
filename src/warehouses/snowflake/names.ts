/** Quotes any identifier as it is: unquoted ones would become upper case. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Snowflake's strings know backslash escapes. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The quoted, fully qualified names of one subscription's tables: a session's current database and schema never matter. */
export interface TableNames {
  readonly records: string;
  readonly checkpoints: string;
  readonly failures: string;
  readonly rejections: string;
  readonly syncs: string;
  readonly state: string;
  readonly chunks: string;
  readonly outcomes: string;
  /**
   * The tables of one try at a diff. DDL commits, so a try that died leaves its tables, and a zombie may still be making them: `work` holds a token of the
   * try's own, so that no two tries ever write to one table.
   */
  delta(work: string): string;
  intent(work: string): string;
  rejects(work: string): string;
  /** The sync whose diff a table in the state schema was made for; null for others, of subscriptions whose ids begin alike too: the parts after the id are counted. */
  syncOfWork(table: string): number | null;
}

/** A name as people write it, quoted: as everywhere in Snowflake, it means upper case unless they quoted it themselves. */
export function asWritten(name: string): string {
  if (/^".*"$/.test(name)) return name;
  return quote(/^[A-Za-z_][A-Za-z0-9_$]*$/.test(name) ? name.toUpperCase() : name);
}

/** The parts of a name such as `DB.PUBLIC."a.b"`, as they are written. */
export function partsOf(name: string): readonly string[] {
  return name.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
}

/** A stage, as people write it: DATABASE.SCHEMA.STAGE. */
export function stageName(stage: string): string {
  return partsOf(stage).map(asWritten).join('.');
}

/** The state schema is a name of ours, and stays as it is. */
export function schemaName({ database, stateSchema }: { readonly database: string; readonly stateSchema: string }): string {
  return `${asWritten(database)}.${quote(stateSchema)}`;
}

export function tableNames(settings: { readonly database: string; readonly stateSchema: string }, subscriptionId: string): TableNames {
  const schema = schemaName(settings);
  const name = (prefix: string, suffix = ''): string => `${schema}.${quote(`${prefix}_${subscriptionId}${suffix}`)}`;
  const work = new RegExp(`^[dix]_${subscriptionId}_(\\d+)_\\d+_[0-9a-f]{8}$`);
  return {
    records: name('records'),
    checkpoints: name('checkpoints'),
    failures: name('failures'),
    rejections: name('rejections'),
    syncs: name('syncs'),
    state: name('state'),
    chunks: name('chunks'),
    outcomes: name('outcomes'),
    delta: (tried) => name('d', `_${tried}`),
    intent: (tried) => name('i', `_${tried}`),
    rejects: (tried) => name('x', `_${tried}`),
    syncOfWork: (table) => {
      const number = work.exec(table)?.[1];
      return number === undefined ? null : Number(number);
    },
  };
}

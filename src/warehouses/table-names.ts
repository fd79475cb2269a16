/** The quoted, schema-qualified names of one subscription's tables. */
export interface TableNames {
  readonly records: string;
  readonly checkpoints: string;
  readonly failures: string;
  readonly rejections: string;
  readonly syncs: string;
  readonly state: string;
  readonly chunks: string;
  readonly outcomes: string;
  /** Made anew for each attempt at a diff; short, because PostgreSQL cuts names at 63 bytes. */
  delta(number: number, attempt: number): string;
  intent(number: number, attempt: number): string;
}

/** @param quote quotes any identifier, as the warehouse does */
export function tableNamesIn(schema: string, subscriptionId: string, quote: (name: string) => string): TableNames {
  const name = (prefix: string, suffix = ''): string => `${quote(schema)}.${quote(`${prefix}_${subscriptionId}${suffix}`)}`;
  return {
    records: name('records'),
    checkpoints: name('checkpoints'),
    failures: name('failures'),
    rejections: name('rejections'),
    syncs: name('syncs'),
    state: name('state'),
    chunks: name('chunks'),
    outcomes: name('outcomes'),
    delta: (number, attempt) => name('d', `_${number}_${attempt}`),
    intent: (number, attempt) => name('i', `_${number}_${attempt}`),
  };
}

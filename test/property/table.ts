import type { Shape, Version } from './story.js';

const textIds = ['', ' ', 'a', 'A', 'a ', 'é', 'e\u0301', '\\', '\\N', '"', "'", '\n', '\t', 'null', '😀', '0', '00', '{}', ',', 'ß'];
const bigIds = [0, 1, 2, 3, 4].flatMap((thousands) => ['1', '4294967297', '-1', '9007199254740993'].map((start) => String(BigInt(start) + BigInt(thousands) * 1_000n)));
const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The model's table: rows by id, which of them are there how often, and some without an id. Knows what each row looks like in SQL and in JSON. */
export class Table {
  private readonly rows = new Map<number, Version[]>();
  private strays = 0;

  constructor(private readonly shape: Shape) {}

  recordId(id: number): string {
    return (this.shape.identifier === 'text' ? textIds : bigIds)[id] ?? '';
  }

  put(id: number, version: Version): void {
    this.rows.set(id, [version]);
  }

  copy(id: number, version: Version): void {
    this.rows.set(id, [...this.copies(id), version]);
  }

  remove(id: number): void {
    this.rows.delete(id);
  }

  stray(): void {
    this.strays += 1;
  }

  /** Leaves one row of each id, and none without an id. */
  tidy(): void {
    for (const [id, [version]] of this.rows) if (version !== undefined) this.put(id, version);
    this.strays = 0;
  }

  copies(id: number): readonly Version[] {
    return this.rows.get(id) ?? [];
  }

  get rejected(): number {
    return [...this.rows.values()].filter(({ length }) => length > 1).reduce((sum, { length }) => sum + length, this.strays);
  }

  /** Two versions with the same key are the same row. */
  key(version: Version): string {
    return this.samples(version).map(([text]) => JSON.stringify(text)).join();
  }

  properties(id: number, version: Version): Readonly<Record<string, unknown>> {
    const recordId = this.recordId(id);
    const identifier = this.shape.identifier === 'bigint' && Number.isSafeInteger(Number(recordId)) ? Number(recordId) : recordId;
    return { id: identifier, ...Object.fromEntries(this.samples(version).map(([, json], index) => [`v${index}`, json])) };
  }

  get nulls(): Readonly<Record<string, unknown>> {
    return { id: null, ...Object.fromEntries(this.shape.columns.map((_, index) => [`v${index}`, null])) };
  }

  get createStatement(): string {
    return `create table people (id ${this.shape.identifier}${this.shape.columns.map(({ type }, index) => `, v${index} ${type}`).join('')})`;
  }

  get fillStatement(): string {
    const stray: string[] = Array.from({ length: this.strays }, () => `(null${', null'.repeat(this.shape.columns.length)})`);
    const rows = [...this.rows].flatMap(([id, copies]) => copies.map((version) => `(${[quote(this.recordId(id)), ...this.samples(version).map(([text]) => (text === null ? 'null' : quote(text)))].join(', ')})`));
    const all = [...stray, ...rows];
    return `delete from people${all.length === 0 ? '' : `; insert into people values ${all.join(', ')}`}`;
  }

  private samples(version: Version): readonly (readonly [text: string | null, json?: unknown])[] {
    return this.shape.columns.map(({ samples }, index) => {
      const pick = (version[index] ?? 0) % (samples.length + 1);
      return samples[pick] ?? ([null, null] as const);
    });
  }
}

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

  /** When a version was written, in minutes; null where it doesn't say. */
  timeOf(version: Version): number | null {
    const minutes = version[timePlace] ?? -1;
    return minutes < 0 ? null : minutes;
  }

  /** Two versions with the same key are the same row. */
  key(version: Version): string {
    const time = this.shape.timed ? [this.timeOf(version)] : [];
    return [...this.samples(version).map(([text]) => JSON.stringify(text)), ...time].join();
  }

  properties(id: number, version: Version): Readonly<Record<string, unknown>> {
    const recordId = this.recordId(id);
    const identifier = this.shape.identifier === 'bigint' && Number.isSafeInteger(Number(recordId)) ? Number(recordId) : recordId;
    const time = this.timeOf(version);
    const written = this.shape.timed ? { at: time === null ? null : `${momentOf(time)}+00:00` } : {};
    return { id: identifier, ...Object.fromEntries(this.samples(version).map(([, json], index) => [`v${index}`, json])), ...written };
  }

  get nulls(): Readonly<Record<string, unknown>> {
    return { id: null, ...Object.fromEntries(this.shape.columns.map((_, index) => [`v${index}`, null])), ...(this.shape.timed ? { at: null } : {}) };
  }

  get createStatement(): string {
    return `create table people (id ${this.shape.identifier}${this.shape.columns.map(({ type }, index) => `, v${index} ${type}`).join('')}${this.shape.timed ? ', "at" timestamptz' : ''})`;
  }

  get fillStatement(): string {
    const stray: string[] = Array.from({ length: this.strays }, () => `(null${', null'.repeat(this.shape.columns.length + (this.shape.timed ? 1 : 0))})`);
    const rows = [...this.rows].flatMap(([id, copies]) => copies.map((version) => `(${[quote(this.recordId(id)), ...this.samples(version).map(([text]) => (text === null ? 'null' : quote(text))), ...this.writtenAt(version)].join(', ')})`));
    const all = [...stray, ...rows];
    return `delete from people${all.length === 0 ? '' : `; insert into people values ${all.join(', ')}`}`;
  }

  private writtenAt(version: Version): readonly string[] {
    const time = this.timeOf(version);
    return !this.shape.timed ? [] : [time === null ? 'null' : quote(`${momentOf(time)}+00`)];
  }

  private samples(version: Version): readonly (readonly [text: string | null, json?: unknown])[] {
    return this.shape.columns.map(({ samples }, index) => {
      const pick = (version[index] ?? 0) % (samples.length + 1);
      return samples[pick] ?? ([null, null] as const);
    });
  }
}

/** The place of the time in a version. */
export const timePlace = 3;

function momentOf(minutes: number): string {
  return new Date(Date.UTC(2020, 0, 1) + minutes * 60_000).toISOString().slice(0, 19);
}

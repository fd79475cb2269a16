import type { DuckDBConnection, DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SluiceError } from '../../errors/errors.js';
import { collectGarbage, StreamGarbage } from '../garbage.js';
import { Database, type DatabaseSettings } from './database.js';
import { AgainError, asWarehouseError, MemoryError } from './errors.js';
import { literal } from './names.js';
import { Turns } from './turns.js';

export interface DuckdbSettings extends DatabaseSettings {
  readonly stateSchema: string;
  readonly maxRecordsPerSync: number;
  readonly statementTimeoutMs: number;
  readonly maxConcurrentDiffs: number;
}

export interface TransactionOptions {
  /** Reads or writes a whole model: waits for one of `maxConcurrentDiffs` turns. */
  readonly bulk?: boolean;
  /** Undo everything at the end, also when all went well. */
  readonly rollBack?: boolean;
  /** Whether the work may be done again when another transaction wrote the same rows first: true unless told. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal;
}

export type Parameter = string | number | boolean | null;
type Value = string | number | boolean | Date | null;
type Row = Readonly<Record<string, Value>>;

/** A part of a stream, until the next one is asked for. */
export interface StreamedRows {
  readonly count: number;
  /** Made when it is asked for, so that no part is in memory twice. */
  readonly value: (column: number, row: number) => DuckDBValue;
}

const tries = 12;

/** The statements of one transaction. */
export class Session {
  constructor(readonly connection: DuckDBConnection) {}

  /** Whole numbers come as numbers, times as Dates. */
  async rows<T = Row>(sql: string, parameters: readonly Parameter[] = []): Promise<T[]> {
    const reader = await this.connection.runAndReadAll(sql, parameters.map(bound));
    return reader.getRowObjectsJS().map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value])) as T);
  }

  /** Returns how many rows an INSERT, an UPDATE or a DELETE took. */
  async run(sql: string, parameters: readonly Parameter[] = []): Promise<number> {
    return (await this.connection.run(sql, parameters.map(bound))).rowsChanged;
  }
}

/** Whole numbers as integers: the driver would bind a large one as a double. */
function bound(parameter: Parameter): DuckDBValue {
  return Number.isSafeInteger(parameter) ? BigInt(parameter as number) : parameter;
}

/** Transactions on one source's database. */
export class DuckdbClient {
  private readonly database: Database;
  private readonly bulk: Turns;

  constructor(
    readonly source: string,
    readonly settings: DuckdbSettings,
  ) {
    this.database = new Database(source, settings);
    this.bulk = new Turns(settings.maxConcurrentDiffs);
  }

  /**
   * Runs `work` in one transaction. DuckDB locks no rows: where two transactions write the same one, the later fails, and does its work anew; so does one that needs more memory than it had.
   * An aborted signal or the statement timeout interrupts it. Throws SluiceErrors only.
   */
  async transaction<T>(work: (session: Session) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    for (let left = options.repeatable === false ? 1 : tries; ; left--) {
      try {
        return await (options.bulk === true ? this.bulk.take(() => this.once(work, options)) : this.once(work, options));
      } catch (error) {
        if (!(error instanceof AgainError) || left === 1) throw error;
        await sleep(Math.random() * 50);
      }
    }
  }

  private async once<T>(work: (session: Session) => Promise<T>, { signal, rollBack }: TransactionOptions): Promise<T> {
    signal?.throwIfAborted();
    const connection = await this.database.connect();
    const stopWatching = this.interruptOn(connection, signal);
    let reusable = false;
    try {
      await connection.run('BEGIN');
      const result = await work(new Session(connection));
      signal?.throwIfAborted();
      // A commit that is interrupted says that it failed, and may have been done.
      stopWatching();
      await connection.run(rollBack === true ? 'ROLLBACK' : 'COMMIT');
      reusable = true;
      return result;
    } catch (error) {
      reusable = await connection.run('ROLLBACK').then(() => true, () => false);
      signal?.throwIfAborted();
      throw await this.failureOf(error);
    } finally {
      stopWatching();
      this.database.giveBack(connection, reusable && signal?.aborted !== true);
    }
  }

  /**
   * Streams a query's rows, some thousand at a time; none of their values is null. A stream that breaks ends without saying so: the caller has to count.
   * A second statement on its connection would end it too; so it has one of its own.
   */
  async *stream(sql: string, signal: AbortSignal): AsyncGenerator<StreamedRows> {
    signal.throwIfAborted();
    const connection = await this.database.connect();
    const stopWatching = this.interruptOn(connection, signal);
    let finished = false;
    try {
      const result = await connection.stream(sql);
      const garbage = new StreamGarbage();
      for (let rows = await result.fetchChunk(); rows !== null && rows.rowCount > 0; rows = await result.fetchChunk()) {
        const count = rows.rowCount;
        yield { count, value: valuesOf(rows) };
        // Its texts stand outside of JavaScript's memory, where nothing calls for their collection.
        rows.reset();
        if (garbage.isDue(count)) await collectGarbage();
      }
      signal.throwIfAborted();
      finished = true;
    } catch (error) {
      signal.throwIfAborted();
      throw await this.failureOf(error);
    } finally {
      stopWatching();
      await collectGarbage();
      this.database.giveBack(connection, finished);
    }
  }

  private async failureOf(error: unknown): Promise<SluiceError> {
    const failure = asWarehouseError(this.source, error);
    if (!(failure instanceof MemoryError) || !(await this.database.allowMore())) return failure;
    return new AgainError(`warehouse "${this.source}" needs more memory for a statement than it had, and may take more now`);
  }

  private interruptOn(connection: DuckDBConnection, signal: AbortSignal | undefined): () => void {
    const interrupt = (): void => connection.interrupt();
    const timer = setTimeout(interrupt, Math.min(this.settings.statementTimeoutMs, 2 ** 31 - 1)).unref();
    signal?.addEventListener('abort', interrupt, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
    };
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

function valuesOf(rows: DuckDBDataChunk): StreamedRows['value'] {
  const columns = Array.from({ length: rows.columnCount }, (_, column) => rows.getColumnVector(column));
  return (column, row) => columns[column]?.getItem(row) ?? null;
}

/** Whether a table is there, by its parts. */
export async function hasTable(session: Session, schema: string, table: string): Promise<boolean> {
  const found = await session.rows(`SELECT 1 AS one FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ${literal(schema)} AND table_name = ${literal(table)}`);
  return found.length > 0;
}

import type { Bind, Connection, RowStatement, StatementOption } from 'snowflake-sdk';
import { WarehouseUnavailableError } from '../../errors/errors.js';
import { loadDriver } from './driver.js';
import { connectionOptions, pinSession } from './options.js';
import type { SnowflakeSettings } from './settings.js';

export interface Result<Row> {
  readonly rows: readonly Row[];
  /** Rows that the statement changed. */
  readonly changed: number;
}

/** One column of a result, by the driver's words for its type. */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
  readonly precision: number;
  readonly scale: number;
}

/** Whom a session works for at the moment. */
export interface Purpose {
  /** What the statements' query tag says. */
  readonly tag: string;
  /** How long one statement may take, in ms, before this side gives up on the server. */
  readonly deadlineMs: number;
  /** Cancels the running statement on the server. */
  readonly signal?: AbortSignal;
}

/** A connection with pinned parameters. One statement at a time: a second one on the same connection would wait, or see another's transaction. */
export class Session {
  private purpose: Purpose;
  /** False once something happened after which nobody knows what state it is in. */
  sound = true;
  idleSince = performance.now();

  private constructor(
    private readonly connection: Connection,
    deadlineMs: number,
  ) {
    this.purpose = { tag: '', deadlineMs };
  }

  /** @param deadlineMs how long the login may take, and pinning the session's parameters: the driver goes on trying a dead server for more than a minute */
  static async open(source: string, settings: SnowflakeSettings, warehouse: string, deadlineMs: number): Promise<Session> {
    const snowflake = await loadDriver(source);
    const connection = snowflake.createConnection(await connectionOptions(source, settings, warehouse));
    const connected = new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    const session = new Session(connection, deadlineMs);
    try {
      await within(connected, deadlineMs, `warehouse "${source}" did not answer within ${deadlineMs / 1000} s`);
      await session.run(pinSession(settings));
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  servesNow(purpose: Purpose): void {
    this.purpose = purpose;
  }

  /** Runs one statement. Throws the driver's errors, the signal's reason, or WarehouseUnavailableError when the deadline has passed. */
  async run<Row = never>(sql: string, binds: readonly Bind[] = []): Promise<Result<Row>> {
    const { statement, rows } = await this.execute({ sqlText: sql, ...(binds.length === 0 ? {} : { binds }) });
    return { rows: rows as readonly Row[], changed: statement.getNumUpdatedRows() ?? 0 };
  }

  /** The first row of a statement that has no more, if it has one. */
  async first<Row>(sql: string, binds: readonly Bind[] = []): Promise<Row | undefined> {
    return (await this.run<Row>(sql, binds)).rows[0];
  }

  /** The columns of a query, which is compiled and not run: this needs no running warehouse. */
  async describe(query: string): Promise<readonly ResultColumn[]> {
    const { statement } = await this.execute({ sqlText: query, describeOnly: true });
    return (statement.getColumns() ?? []).map((column) => ({ name: column.getName(), type: column.getType(), precision: column.getPrecision(), scale: column.getScale() }));
  }

  /** The rows of a query with one text column, as they come in: the driver holds a part or two of the result. */
  async *texts(sql: string): AsyncGenerator<string> {
    const { statement } = await this.execute({ sqlText: sql, streamResult: true, rowMode: 'array' });
    const { signal } = this.purpose;
    const rows = statement.streamRows();
    const stop = (): void => void rows.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const [text] of rows as AsyncIterable<readonly [string]>) yield text;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  private async execute(options: Omit<StatementOption, 'complete'>): Promise<{ readonly statement: RowStatement; readonly rows: readonly unknown[] }> {
    const { signal, deadlineMs, tag } = this.purpose;
    signal?.throwIfAborted();
    let statement: RowStatement | null = null;
    const done = new Promise<{ statement: RowStatement; rows: readonly unknown[] }>((resolve, reject) => {
      const complete: StatementOption['complete'] = (error, finished, rows) => (error ? reject(error) : resolve({ statement: finished, rows: rows ?? [] }));
      statement = this.connection.execute({ ...options, parameters: { QUERY_TAG: tag }, complete });
    });
    const cancel = (): void => {
      // The answer to the statement will never be taken, so the transaction's state is unknown: the session isn't used again.
      this.sound = false;
      statement?.cancel(() => undefined);
    };
    let abort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
    });
    try {
      return await within(Promise.race([done, aborted]), deadlineMs, `the warehouse did not answer within ${deadlineMs / 1000} s`);
    } catch (error) {
      if (signal?.aborted === true || error instanceof WarehouseUnavailableError) cancel();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  close(): Promise<void> {
    this.sound = false;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 2_000);
      // An error says that it was closed already, or that nobody is there to close it for.
      this.connection.destroy(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** A longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

async function within<T>(work: Promise<T>, deadlineMs: number, message: string): Promise<T> {
  work.catch(() => undefined); // what comes after the deadline has no one to hear it
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WarehouseUnavailableError(`${message}: check that it can be reached`)), Math.min(deadlineMs, longestTimerMs));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

import pg from 'pg';
import type { CopyToStreamQuery } from 'pg-copy-streams';
import { asWarehouseError } from './errors.js';

export interface PostgresSettings {
  readonly url: string;
  readonly stateSchema: string;
  readonly maxRecordsPerSync: number;
  readonly statementTimeoutMs: number;
  readonly maxConcurrentDiffs: number;
}

/** Whatever changes a value's text is pinned, so that a checksum never depends on where a statement runs. SET LOCAL survives PgBouncer. */
const pinned = [
  `SET LOCAL timezone = 'UTC'`,
  `SET LOCAL datestyle = 'ISO, YMD'`,
  `SET LOCAL intervalstyle = 'postgres'`,
  `SET LOCAL extra_float_digits = 1`,
  `SET LOCAL bytea_output = 'hex'`,
  `SET LOCAL xmloption = 'content'`,
  `SET LOCAL lc_monetary = 'C'`,
  `SET LOCAL quote_all_identifiers = off`,
  `SET LOCAL standard_conforming_strings = on`,
  `SET LOCAL idle_in_transaction_session_timeout = '10min'`,
].join('; ');

/** For statements that read or write a whole model: the planner thinks JSON free and parallel workers dear (docs/architecture.md). */
const forBulk = [
  `SET LOCAL work_mem = '256MB'`,
  `SET LOCAL maintenance_work_mem = '512MB'`,
  `SET LOCAL jit = off`,
  `SET LOCAL parallel_setup_cost = 0`,
  `SET LOCAL parallel_tuple_cost = 0`,
  `SET LOCAL max_parallel_workers_per_gather = 4`,
].join('; ');

export interface TransactionOptions {
  readonly bulk?: boolean;
  /** Undo everything at the end, also when all went well. */
  readonly rollBack?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs a statement with its values. */
export type Query = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => Promise<pg.QueryResult<Row>>;

export function queryOn(connection: pg.PoolClient): Query {
  return (text, values) => connection.query(text, values);
}

/** Turns a stream of bytes, cut anywhere, into values. */
export interface StreamParser<T> {
  push(bytes: Buffer): Iterable<T>;
  end(): Iterable<T>;
}

/** Lets the server end a statement whose worker has died. Not every server's platform can; then the statement timeout remains. */
async function endWithClient(client: pg.PoolClient): Promise<void> {
  try {
    await client.query(`SAVEPOINT settings; SET LOCAL client_connection_check_interval = '10s'; RELEASE SAVEPOINT settings`);
  } catch {
    await client.query('ROLLBACK TO SAVEPOINT settings');
  }
}

/**
 * Connections to one source. Every statement that touches a value runs in a transaction with pinned settings. Diffs and the like wait for one of `maxConcurrentDiffs` connections,
 * so that a thousand subscriptions don't exhaust the source; what is short, such as a lease's renewal, never waits behind them.
 */
export class PostgresClient {
  private readonly quick: pg.Pool;
  private readonly bulk: pg.Pool;

  constructor(
    readonly source: string,
    readonly settings: PostgresSettings,
  ) {
    this.quick = createPool(settings.url, quickConnections, 15_000);
    this.bulk = createPool(settings.url, settings.maxConcurrentDiffs, 0);
  }

  /** Runs `work` in one transaction. An aborted signal cancels the statement on the server. Throws SluiceErrors only. */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { client, stopWatching } = await this.begin(options);
    let reusable = false;
    try {
      const result = await work(client);
      await client.query(options.rollBack === true ? 'ROLLBACK' : 'COMMIT');
      reusable = true;
      return result;
    } catch (error) {
      reusable = await client.query('ROLLBACK').then(() => true, () => false);
      options.signal?.throwIfAborted();
      throw asWarehouseError(this.source, error);
    } finally {
      stopWatching();
      // A cancellation that was sent may still arrive, and would end another's statement on this connection.
      client.release(!reusable || options.signal?.aborted === true);
    }
  }

  /** Runs one statement that is short and a transaction of its own. No setting is pinned: how a value is written must not matter to it. Throws SluiceErrors only. */
  readonly statement: Query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => {
    try {
      return await this.quick.query<Row>(text, values);
    } catch (error) {
      throw asWarehouseError(this.source, error);
    }
  };

  /** Streams a COPY … TO STDOUT, its bytes passed through `parser`, in a read-only transaction of its own. Leaving the loop early ends the connection. */
  async *stream<T>(copy: CopyToStreamQuery, parser: StreamParser<T>, signal: AbortSignal): AsyncGenerator<T> {
    const { client, stopWatching } = await this.begin({ bulk: true, signal });
    let finished = false;
    try {
      for await (const bytes of client.query(copy) as AsyncIterable<Buffer>) yield* parser.push(bytes);
      yield* parser.end();
      await client.query('COMMIT');
      finished = true;
    } catch (error) {
      signal.throwIfAborted();
      throw asWarehouseError(this.source, error);
    } finally {
      stopWatching();
      client.release(!finished);
    }
  }

  private async begin(options: TransactionOptions): Promise<{ client: pg.PoolClient; stopWatching: () => void }> {
    options.signal?.throwIfAborted();
    const client = await (options.bulk === true ? this.bulk : this.quick).connect().catch((error: unknown) => {
      throw asWarehouseError(this.source, error);
    });
    const stopWatching = this.cancelOnAbort(client, options.signal);
    try {
      await client.query(`BEGIN; ${pinned}; SET LOCAL statement_timeout = ${this.settings.statementTimeoutMs}${options.bulk === true ? `; ${forBulk}` : ''}`);
      if (options.bulk === true) await endWithClient(client);
    } catch (error) {
      stopWatching();
      client.release(true);
      throw asWarehouseError(this.source, error);
    }
    return { client, stopWatching };
  }

  private cancelOnAbort(client: pg.PoolClient, signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return () => undefined;
    const pid = (client as unknown as { readonly processID: number }).processID; // set by the driver, missing in its types
    const cancel = (): void => {
      this.quick.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined); // best effort: the statement timeout remains
    };
    signal.addEventListener('abort', cancel, { once: true });
    return () => {
      signal.removeEventListener('abort', cancel);
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.quick.end(), this.bulk.end()]);
  }
}

const quickConnections = 6;

/** @param waitMs for a free connection, or for a new one to be made; 0 waits as long as it takes */
function createPool(url: string, max: number, waitMs: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: waitMs, application_name: 'sluice', keepAlive: true, keepAliveInitialDelayMillis: 30_000 });
  // An idle connection that the server ends is replaced at its next use; the pool must only not crash the process.
  pool.on('error', () => undefined);
  // One that ends while in use fails its statement; the event that comes with it says nothing more.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

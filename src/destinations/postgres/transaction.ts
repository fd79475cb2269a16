import pg from 'pg';
import { within } from '../within.js';

export type Ended<T> =
  | { readonly kind: 'committed'; readonly value: T }
  /** `sent`: COMMIT had left and no answer of the server rules out that it took effect. */
  | { readonly kind: 'failed'; readonly sent: boolean; readonly error: unknown };

/**
 * Runs `work` in one transaction, within `timeoutMs`. A connection whose answer nobody waits for any more is broken off, which rolls back what was not committed.
 *
 * @throws the signal's reason when it aborts
 */
export async function transact<T>(pool: pg.Pool, timeoutMs: number, signal: AbortSignal, work: (client: pg.ClientBase) => Promise<T>): Promise<Ended<T>> {
  const attempt = new Attempt(pool, timeoutMs);
  try {
    return { kind: 'committed', value: await within(timeoutMs, signal, () => attempt.run(work)) };
  } catch (error) {
    attempt.drop();
    signal.throwIfAborted();
    return { kind: 'failed', sent: attempt.committing && !isRefusal(error), error };
  }
}

/** An answer that ended the statement, and with it the transaction; one that ends the connection may come after the commit. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

class Attempt {
  committing = false;
  #client: pg.PoolClient | null = null;
  #dropped = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly timeoutMs: number,
  ) {}

  async run<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    // Without a listener, a connection that breaks between two statements would end the process.
    client.on('error', ignore);
    this.#client = client;
    if (this.#dropped) this.drop();
    await client.query(begin(this.timeoutMs));
    const value = await work(client);
    this.committing = true;
    await client.query('COMMIT');
    client.off('error', ignore);
    client.release();
    this.#client = null;
    return value;
  }

  /** Ends the connection, even one that is only being made. */
  drop(): void {
    this.#dropped = true;
    this.#client?.release(true);
    this.#client = null;
  }
}

function ignore(): void {
  // The query under way fails with the same error.
}

/** The server gives up when we do, so that an attempt that was dropped holds no lock for long; and dates are read the way events write them. */
function begin(timeoutMs: number): string {
  return [
    'BEGIN',
    `SET LOCAL statement_timeout = ${timeoutMs}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs}`,
    `SET LOCAL datestyle = 'ISO, YMD'`,
    `SET LOCAL intervalstyle = 'postgres'`,
    `SET LOCAL timezone = 'UTC'`,
  ].join('; ');
}

import type { SyncRef } from '../warehouse.js';
import { asWarehouseError } from './errors.js';
import { SessionPool } from './pool.js';
import type { Purpose, Session } from './session.js';
import type { SnowflakeSettings } from './settings.js';

/** How long this side waits for a server that does not answer, in ms, before it gives up on it and tries anew with another session. */
export interface Deadlines {
  readonly connectMs: number;
  /** For a statement that is short. */
  readonly quickMs: number;
  /** For one that runs a model: so much more than the statement timeout, at which the server ends it. */
  readonly bulkGraceMs: number;
}

/** `quickMs` is more than LOCK_TIMEOUT: a statement that waits for a lock is told so by the server first. */
const usualDeadlines: Deadlines = { connectMs: 30_000, quickMs: 90_000, bulkGraceMs: 60_000 };
const quickSessions = 4;

export interface Errand {
  readonly subscription?: string;
  readonly sync?: number;
  /** Runs a model or reads what came of it: on the large warehouse, in one of `maxConcurrentDiffs` sessions, for as long as the statement timeout lets it. */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

export function errandOf(sync: SyncRef): Errand {
  return { subscription: sync.subscriptionId, sync: sync.number };
}

/**
 * Sessions with one source. Models wait for one of a few sessions, so that a thousand subscriptions don't exhaust the source; what is short, such as a lease's
 * renewal, never waits behind them.
 */
export class SnowflakeClient {
  private readonly quick: SessionPool;
  private readonly bulk: SessionPool;

  constructor(
    readonly source: string,
    readonly settings: SnowflakeSettings,
    private readonly deadlines = usualDeadlines,
  ) {
    this.quick = new SessionPool(source, settings, settings.stateWarehouse ?? settings.warehouse, quickSessions, deadlines.connectMs);
    this.bulk = new SessionPool(source, settings, settings.warehouse, settings.maxConcurrentDiffs, deadlines.connectMs);
  }

  /** Statements that each stand alone. An aborted signal cancels the running one on the server. Throws SluiceErrors, or the signal's reason. */
  async use<T>(errand: Errand, work: (session: Session) => Promise<T>): Promise<T> {
    const pool = errand.bulk === true ? this.bulk : this.quick;
    const session = await this.take(pool, errand);
    try {
      return await work(session);
    } catch (error) {
      errand.signal?.throwIfAborted();
      throw asWarehouseError(this.source, error);
    } finally {
      await pool.giveBack(session);
    }
  }

  /**
   * Statements that count together or not at all. DDL would commit what stands before it, so `work` holds none. Each statement sees what others have committed
   * before it began (READ COMMITTED): whoever decides by what it reads first changes a row that everyone else in that place changes first too, and so holds its table.
   */
  async transaction<T>(errand: Errand, work: (session: Session, undo: () => void) => Promise<T>): Promise<T> {
    return this.use(errand, async (session) => {
      let ending: 'COMMIT' | 'ROLLBACK' = 'COMMIT';
      await session.run('BEGIN');
      try {
        const result = await work(session, () => (ending = 'ROLLBACK'));
        await session.run(ending);
        return result;
      } catch (error) {
        // A failed statement leaves the transaction open, with what came before it.
        if (session.sound) await session.run('ROLLBACK').catch(() => (session.sound = false));
        throw error;
      }
    });
  }

  /** The texts of a query with one column. Leaving the loop early ends the session. */
  async *stream(errand: Errand, sql: string): AsyncGenerator<string> {
    const session = await this.take(this.bulk, errand);
    let finished = false;
    try {
      yield* session.texts(sql);
      finished = true;
    } catch (error) {
      errand.signal?.throwIfAborted();
      throw asWarehouseError(this.source, error);
    } finally {
      if (!finished) session.sound = false;
      await this.bulk.giveBack(session);
    }
  }

  private async take(pool: SessionPool, errand: Errand): Promise<Session> {
    errand.signal?.throwIfAborted();
    const session = await pool.take().catch((error: unknown) => {
      throw asWarehouseError(this.source, error);
    });
    session.servesNow(this.purposeOf(errand));
    return session;
  }

  private purposeOf({ subscription, sync, bulk, signal }: Errand): Purpose {
    const tag = JSON.stringify({ app: 'sluice', ...(this.settings.queryTag === null ? {} : { tag: this.settings.queryTag }), subscription, sync });
    const { quickMs, bulkGraceMs } = this.deadlines;
    return { tag, deadlineMs: bulk === true ? this.settings.statementTimeoutMs + bulkGraceMs : quickMs, ...(signal === undefined ? {} : { signal }) };
  }

  async close(): Promise<void> {
    await Promise.all([this.quick.close(), this.bulk.close()]);
  }
}

import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { syncIdOf } from '../../domain/subscription.js';
import type { Batch, DeliveryAnswer, Destination } from '../destination.js';
import type { CheckItem } from '../../contract/reports.js';
import { judgeFailure } from './answers.js';
import { checkTable } from './check.js';
import type { PostgresDestinationConfig } from './config.js';
import { displayName, parseTableName, type TableName } from './names.js';
import { Progress } from './progress.js';
import { columnsIn, copyBytes, readRows, type Rows } from './rows.js';
import { deleteRows, stageFor, writeRows } from './statements.js';
import { columnProblem, describeTarget, type Described, type Target, type TargetColumn } from './target.js';
import { typeProblem } from './types.js';
import { transact } from './transaction.js';

/**
 * Keeps a table as the records are: each batch goes through COPY into a temporary table, then one statement, and its progress is part of the same transaction,
 * so that a batch whose answer was lost takes effect once, and a batch of an older sync not at all.
 */
export function createPostgresDestination(name: string, config: PostgresDestinationConfig): Destination {
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  const limits = { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit };
  const writer = new TableWriter(config);
  return { identity: identityOf(name, config), limits, deliver: (batch, signal) => writer.deliver(batch, signal), check: (signal) => writer.check(signal), close: () => writer.close() };
}

class TableWriter {
  readonly #name: TableName;
  readonly #place: string;
  readonly #pool: pg.Pool;
  readonly #progress: Progress;
  /** What is known of the table and of who may write; forgotten after each failure, because then someone may have changed it. */
  #target: Target | null = null;
  readonly #opened = new Set<string>();
  /** By subscription, the sync whose values the columns' types may take. */
  readonly #typed = new Map<string, number>();

  constructor(private readonly config: PostgresDestinationConfig) {
    this.#name = parseTableName(config.table);
    this.#place = `PostgreSQL (${displayName(this.#name)})`;
    this.#progress = new Progress(this.#name);
    this.#pool = new pg.Pool({ connectionString: config.url, max: config.concurrency, application_name: 'sluice', keepAlive: true });
    // An idle connection that the server ends is replaced at its next use; the pool must only not crash the process.
    this.#pool.on('error', () => undefined);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  check(signal: AbortSignal): Promise<readonly CheckItem[]> {
    return checkTable(this.#pool, this.#name, this.config, signal);
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryAnswer> {
    signal.throwIfAborted();
    const rows = readRows(batch, this.config.key);
    if (rows === null) return { kind: 'refused', reason: 'the mapping makes no object of a record, and only an object has columns' };
    const endsAtMs = performance.now() + this.config.timeoutMs;
    const inTransaction: InTransaction = async (work, holds) => {
      const ended = await transact(this.#pool, Math.max(1, Math.floor(endsAtMs - performance.now())), signal, work);
      if (ended.kind === 'failed') throw new FailedTransaction(holds === 'records' && ended.sent, ended.error);
      return ended.value;
    };
    const answer = await this.#deliverRows(batch, rows, inTransaction).catch((error: unknown): DeliveryAnswer => {
      if (!(error instanceof FailedTransaction)) throw error;
      const staged = this.#target === null ? [] : [this.#target.key, ...columnsOf(this.#target, rows)];
      return judgeFailure(error.reason, error.sent, this.#place, staged);
    });
    if (answer.kind !== 'delivered') this.#forget();
    return answer;
  }

  async #deliverRows(batch: Batch, rows: Rows, inTransaction: InTransaction): Promise<DeliveryAnswer> {
    const described = await this.#describe(inTransaction);
    if (described.kind === 'wrong') return stop(described.problem);
    const { target } = described;
    const problem = columnProblem(target, columnsIn(rows)) ?? this.#typeProblem(batch, rows, target);
    if (problem !== null) return stop(problem);
    const newer = await this.#openSync(batch, inTransaction);
    if (newer !== null) return stop(fenced(batch, newer, this.#place));
    const held = await inTransaction((client) => this.#write(client, batch, rows, target), 'records');
    return held ? { kind: 'delivered' } : { kind: 'unavailable', sent: false, retryAfterMs: null, reason: `the sync's row in sluice_progress of ${this.#place} has changed` };
  }

  /** Asked of the first batch of a sync, before anything of it can have been refused for a row of its own. */
  #typeProblem({ subscriptionId, syncNumber }: Batch, rows: Rows, target: Target): string | null {
    if (this.#typed.get(subscriptionId) === syncNumber) return null;
    const problem = typeProblem(target, rows);
    if (problem === null) this.#typed.set(subscriptionId, syncNumber);
    return problem;
  }

  async #describe(inTransaction: InTransaction): Promise<Described> {
    if (this.#target !== null) return { kind: 'fine', target: this.#target };
    const described = await inTransaction((client) => describeTarget(client, this.#name, this.config.key), 'preparation');
    if (described.kind === 'fine') this.#target = described.target;
    return described;
  }

  /** Returns the number of a newer sync that has written already, or null. */
  async #openSync(batch: Batch, inTransaction: InTransaction): Promise<number | null> {
    const sync = syncIdOf(batch.subscriptionId, batch.syncNumber);
    if (batch.place === null || this.#opened.has(sync)) return null;
    const newest = await inTransaction((client) => this.#progress.open(client, batch), 'preparation');
    if (newest > batch.syncNumber) return newest;
    this.#opened.add(sync);
    return null;
  }

  /** False when this sync may no longer write. */
  async #write(client: pg.ClientBase, batch: Batch, rows: Rows, target: Target): Promise<boolean> {
    const { place } = batch;
    const hold = place === null ? { held: true, repeats: false } : await this.#progress.hold(client, batch, place);
    if (!hold.held) return false;
    const stage = stageFor(target, columnsOf(target, rows));
    const copy = client.query(copyFrom(stage.fill));
    copy.end(copyBytes(rows, stage.columns));
    await finished(copy);
    if (place !== null && hold.repeats) await this.#progress.removeKnown(client, batch, place, stage.name);
    // Deletions first: what they free, a new row may take.
    const deletion = rows.rows.some((row) => row.shape === null) ? [deleteRows(target, stage)] : [];
    const writes = rows.shapes.map((written, shape) => writeRows(target, this.config.write, shape, written, stage));
    await client.query([...deletion, ...writes].join(';\n'));
    if (place !== null) await this.#progress.note(client, batch, place, stage.name);
    return true;
  }

  #forget(): void {
    this.#target = null;
    this.#opened.clear();
  }
}

type InTransaction = <T>(work: (client: pg.ClientBase) => Promise<T>, holds: 'preparation' | 'records') => Promise<T>;

class FailedTransaction extends Error {
  constructor(
    readonly sent: boolean,
    readonly reason: unknown,
  ) {
    super('the transaction failed');
  }
}

/** Like refused credentials: no record is at fault, and it takes someone to change something. */
function stop(reason: string): DeliveryAnswer {
  return { kind: 'unauthorized', reason };
}

function fenced({ subscriptionId, syncNumber }: Batch, newer: number, place: string): string {
  const sync = syncIdOf(subscriptionId, syncNumber);
  return `${sync} is older than sync ${newer}, which has written to ${place} already; if the subscription's state was dropped on purpose, delete its row in sluice_progress`;
}

function columnsOf(target: Target, rows: Rows): readonly TargetColumn[] {
  return columnsIn(rows).flatMap((name) => target.columns.get(name) ?? []);
}

function identityOf(name: string, { url, table, key }: PostgresDestinationConfig): string {
  const { host, pathname } = new URL(url);
  return createHash('sha256').update(JSON.stringify(['postgres', name, host, pathname, table, key])).digest('hex');
}

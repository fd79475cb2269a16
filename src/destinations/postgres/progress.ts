import type pg from 'pg';
import type { Batch, BatchPlace } from '../destination.js';
import { displayName, quoteTable, type TableName } from './names.js';

/** The destination's memory, beside the table that records go to: which sync wrote last, and which lines of its chunks are in. */
export class Progress {
  readonly #target: string;
  readonly #syncs: string;
  readonly #lines: string;

  constructor(private readonly name: TableName) {
    this.#target = displayName(name);
    this.#syncs = quoteTable({ schema: name.schema, table: 'sluice_progress' });
    this.#lines = quoteTable({ schema: name.schema, table: 'sluice_progress_lines' });
  }

  /** Makes a sync the one that may write, in a transaction of its own; waits for batches of an older one that are under way. Returns the newest sync's number. */
  async open(client: pg.ClientBase, { subscriptionId, syncNumber }: Pick<Batch, 'subscriptionId' | 'syncNumber'>): Promise<number> {
    await this.#createTables(client);
    const forwarded = await client.query(
      `INSERT INTO ${this.#syncs} AS known (subscription_id, target, sync_number) VALUES ($1, $2, $3)
       ON CONFLICT (subscription_id, target) DO UPDATE SET sync_number = excluded.sync_number, changed_at = now() WHERE known.sync_number < excluded.sync_number`,
      [subscriptionId, this.#target, syncNumber],
    );
    if (forwarded.rowCount !== 0) await client.query(`DELETE FROM ${this.#lines} WHERE subscription_id = $1 AND target = $2`, [subscriptionId, this.#target]);
    return this.newestSync(client, subscriptionId);
  }

  async newestSync(client: pg.ClientBase, subscriptionId: string): Promise<number> {
    const found = await client.query<{ sync_number: string }>(`SELECT sync_number FROM ${this.#syncs} WHERE subscription_id = $1 AND target = $2`, [subscriptionId, this.#target]);
    return Number(found.rows[0]?.sync_number ?? 0);
  }

  /**
   * Holds the sync's right to write, and its chunk, until the transaction ends. `repeats`: some of the lines may be in already.
   * Batches of different chunks don't wait for each other.
   */
  async hold(client: pg.ClientBase, { subscriptionId, syncNumber }: Batch, { chunk, lines }: BatchPlace): Promise<{ readonly held: boolean; readonly repeats: boolean }> {
    const found = await client.query<{ repeats: boolean }>(
      `WITH newest AS (SELECT sync_number FROM ${this.#syncs} WHERE subscription_id = $1 AND target = $2 FOR SHARE)
       INSERT INTO ${this.#lines} AS known (subscription_id, target, chunk, lines)
       SELECT $1, $2, $3, '{}' FROM newest WHERE sync_number = $4
       ON CONFLICT (subscription_id, target, chunk) DO UPDATE SET chunk = excluded.chunk
       RETURNING known.lines && int4range($5, $6, '[]') AS repeats`,
      [subscriptionId, this.#target, chunk, syncNumber, lines.at(0) ?? 0, lines.at(-1) ?? 0],
    );
    const row = found.rows[0];
    return { held: row !== undefined, repeats: row?.repeats === true };
  }

  /** Takes rows out of the stage that an earlier attempt brought in. */
  async removeKnown(client: pg.ClientBase, { subscriptionId }: Batch, { chunk }: BatchPlace, stage: string): Promise<void> {
    await client.query(
      `DELETE FROM ${stage} AS s USING ${this.#lines} AS known
       WHERE known.subscription_id = $1 AND known.target = $2 AND known.chunk = $3 AND known.lines @> s.line`,
      [subscriptionId, this.#target, chunk],
    );
  }

  async note(client: pg.ClientBase, { subscriptionId }: Batch, { chunk }: BatchPlace, stage: string): Promise<void> {
    await client.query(
      `UPDATE ${this.#lines} SET lines = lines + (SELECT coalesce(range_agg(int4range(line, line, '[]')), '{}') FROM ${stage})
       WHERE subscription_id = $1 AND target = $2 AND chunk = $3`,
      [subscriptionId, this.#target, chunk],
    );
  }

  /** Asks for the right to create tables only when there is something to create. */
  async #createTables(client: pg.ClientBase): Promise<void> {
    const found = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS there', [this.#syncs, this.#lines]);
    if (found.rows[0]?.there === true) return;
    // Two that create the same table at once would fail in the catalog; the lock ends with the transaction.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('sluice_progress'), hashtext($1))`, [this.name.schema]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${this.#syncs} (subscription_id text, target text, sync_number bigint NOT NULL, changed_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (subscription_id, target));
       CREATE TABLE IF NOT EXISTS ${this.#lines} (subscription_id text, target text, chunk integer, lines int4multirange NOT NULL,
         PRIMARY KEY (subscription_id, target, chunk))`,
    );
  }
}

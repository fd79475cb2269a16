import type { Subscription } from '../../domain/subscription.js';
import type { ResetAnswer } from '../warehouse.js';
import { checksumAlgorithm } from './columns.js';
import type { SnowflakeClient } from './client.js';
import { tableNames } from './names.js';
import { hasStateTables, holdState } from './open.js';

/** A null checksum means: the destination may have some version of this record. The diff sends it as new while the model has it, as deleted once it hasn't. */
export async function resetState(client: SnowflakeClient, subscription: Subscription, destinationIdentity: string): Promise<ResetAnswer> {
  const tables = tableNames(client.settings, subscription.id);
  const errand = { subscription: subscription.id, bulk: true } as const;
  // Before the first sync there is nothing to forget: rows that are to be a baseline still are.
  if (!(await hasStateTables(client, tables, errand))) return { kind: 'reset' };
  return client.transaction(errand, async (session) => {
    await holdState(session, tables);
    const open = await session.first<{ number: number; epoch: number }>(`SELECT "number", "epoch" FROM ${tables.syncs} WHERE "finished_at" IS NULL`);
    if (open !== undefined) return { kind: 'unsettled', sync: { subscriptionId: subscription.id, ...open } };
    await session.run(`UPDATE ${tables.records} SET "checksum" = NULL WHERE "checksum" IS NOT NULL`);
    await session.run(`UPDATE ${tables.failures} SET "expired" = FALSE WHERE "expired"`);
    await session.run(`UPDATE ${tables.checkpoints} SET "checkpoint" = NULL`);
    await session.run(
      `UPDATE ${tables.state} SET "destination_identity" = ?, "algorithm" = ${checksumAlgorithm}, "baseline_pending" = FALSE, "full_diff_at" = NULL, "model_digest" = NULL, "columns" = NULL`,
      [destinationIdentity],
    );
    return { kind: 'reset' };
  });
}

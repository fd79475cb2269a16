import type { Subscription } from '../../domain/subscription.js';
import type { ResetAnswer } from '../warehouse.js';
import type { DuckdbClient } from './client.js';
import { checksumAlgorithm } from './columns.js';
import { tableNames } from './names.js';
import { createStateTables, takeTurn } from './tables.js';

/** A null checksum means: the destination may have some version of this record. The diff sends it as new while the model has it, as deleted once it hasn't. */
export async function resetState(client: DuckdbClient, subscription: Subscription, destinationIdentity: string): Promise<ResetAnswer> {
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (session) => {
      await createStateTables(session, client.settings.stateSchema, tables);
      await takeTurn(session, tables);
      const [open] = await session.rows<{ number: number; epoch: number }>(`SELECT number, epoch FROM ${tables.syncs} WHERE finished_at IS NULL`);
      if (open !== undefined) return { kind: 'unsettled', sync: { subscriptionId: subscription.id, number: open.number, epoch: open.epoch } };
      await session.run(`UPDATE ${tables.records} SET checksum = NULL WHERE checksum IS NOT NULL`);
      await session.run(`UPDATE ${tables.failures} SET expired = false WHERE expired`);
      await session.run(`UPDATE ${tables.checkpoints} SET checkpoint = NULL`);
      await session.run(
        `UPDATE ${tables.state} SET destination_identity = $1, algorithm = $2, baseline_pending = false, full_diff_at = NULL, model_digest = NULL, columns = NULL`,
        [destinationIdentity, checksumAlgorithm],
      );
      return { kind: 'reset' };
    },
    { bulk: true },
  );
}

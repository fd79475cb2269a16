import type { Subscription } from '../../domain/subscription.js';
import type { ResetAnswer } from '../warehouse.js';
import { checksumAlgorithm } from './columns.js';
import type { PostgresClient } from './client.js';
import { tableNames } from './names.js';
import { createStateTables } from './tables.js';

/** A null checksum means: the destination may have some version of this record. The diff sends it as new while the model has it, as deleted once it hasn't. */
export async function resetState(client: PostgresClient, subscription: Subscription, destinationIdentity: string): Promise<ResetAnswer> {
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (connection) => {
      await createStateTables(connection, client.settings.stateSchema, tables);
      await connection.query(`SELECT FROM ${tables.state} FOR UPDATE`);
      const open = await connection.query<{ number: string; epoch: string }>(`SELECT number, epoch FROM ${tables.syncs} WHERE finished_at IS NULL FOR UPDATE`);
      const row = open.rows[0];
      if (row !== undefined) return { kind: 'unsettled', sync: { subscriptionId: subscription.id, number: Number(row.number), epoch: Number(row.epoch) } };
      await connection.query(`UPDATE ${tables.records} SET checksum = NULL WHERE checksum IS NOT NULL`);
      await connection.query(`UPDATE ${tables.failures} SET expired = false WHERE expired`);
      await connection.query(`UPDATE ${tables.checkpoints} SET checkpoint = NULL`);
      await connection.query(
        `UPDATE ${tables.state} SET destination_identity = $1, algorithm = $2, baseline_pending = false, full_diff_at = NULL, model_digest = NULL, columns = NULL`,
        [destinationIdentity, checksumAlgorithm],
      );
      return { kind: 'reset' };
    },
    { bulk: true },
  );
}

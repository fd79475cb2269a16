import type { Tally } from '../tally.js';
import type { Session } from './client.js';

/** Counts a delta, or an intent, by operation; what has none stands outside. */
export async function tally(session: Session, table: string): Promise<Tally & { readonly cleared: number }> {
  const found = await session.rows<{ operation: string; records: number }>(`SELECT operation, count(*) AS records FROM ${table} WHERE operation IS NOT NULL GROUP BY operation`);
  const count = (operation: string): number => found.find((row) => row.operation === operation)?.records ?? 0;
  return { new: count('new'), updated: count('updated'), deleted: count('deleted'), cleared: count('cleared') };
}

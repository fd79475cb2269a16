import type pg from 'pg';
import type { Operation } from '../../domain/subscription.js';
import type { Tally } from '../tally.js';

/** Counts a delta. What else is asked of all its rows comes along in the same scan: `suspicious` is SQL that is true for a row to look at more closely. */
export async function tally(connection: pg.PoolClient, delta: string, suspicious = 'false'): Promise<{ readonly counts: Tally; readonly suspects: boolean }> {
  const counted = await connection.query<Record<Operation, string> & { suspects: boolean | null }>(
    `SELECT count(*) FILTER (WHERE operation = 'new') AS "new", count(*) FILTER (WHERE operation = 'updated') AS updated,
       count(*) FILTER (WHERE operation = 'deleted') AS deleted, bool_or(${suspicious}) AS suspects
     FROM ${delta}`,
  );
  const row = counted.rows[0];
  return { counts: { new: Number(row?.new), updated: Number(row?.updated), deleted: Number(row?.deleted) }, suspects: row?.suspects === true };
}

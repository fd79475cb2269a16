import pg from 'pg';
import { limits } from '../../domain/limits.js';
import type { Delta } from './delta.js';
import { literal, type TableNames } from './names.js';
import { bodyOf, mayBeTooLarge } from './payload.js';
import { identifierBytes, maxSamples } from '../rejection-rules.js';
import type { Tally } from '../tally.js';
import { tally } from './tally.js';

/**
 * Takes out of the delta what can't be sent: no identifier, one that occurs more than once (none of such a group is the truth), one that is too long, too large a record or value
 * (source document, "Extract limits"). Returns how many of the model's rows that were, and what is left. A rejected record counts as present: it never becomes a deletion.
 */
export async function reject(connection: pg.PoolClient, tables: TableNames, delta: Delta, number: number): Promise<{ readonly rejected: number; readonly left: Tally }> {
  await connection.query(`DELETE FROM ${tables.rejections}`);
  const { table, columns, payload } = delta;
  const large = mayBeTooLarge(payload, columns);
  const names = `ARRAY[${columns.map(({ name }) => literal(name)).join(', ')}]`;
  const found = await tally(connection, table, `record_id IS NULL OR copies > 1 OR octet_length(record_id) > ${identifierBytes} OR ${large}`);
  if (!found.suspects && !(await mayRepeat(connection, table))) return { rejected: 0, left: found.counts };
  const rejected = await connection.query<{ rejected: string }>(`
    WITH repeated AS (
      SELECT record_id FROM ${table} WHERE record_id IS NOT NULL GROUP BY record_id HAVING sum(copies) > 1
    ), oversized AS (
      SELECT record_id, ${sentBytes('body')} AS bytes,
        (SELECT (${names})[place] || '" of ' || ${sentBytes('value::text')} FROM json_each(${withoutEscapes('body')}::json) WITH ORDINALITY AS field(key, value, place)
         WHERE ${sentBytes('value::text')} > ${limits.valueBytes} LIMIT 1) AS largest
      FROM (SELECT record_id, ${bodyOf(payload, columns, 'd')} AS body FROM ${table} AS d WHERE ${large}) AS large WHERE ${sentBytes('body')} > ${limits.valueBytes}
    ), gone AS (
      DELETE FROM ${table} AS d
      WHERE d.record_id IS NULL OR octet_length(d.record_id) > ${identifierBytes} OR d.record_id IN (SELECT record_id FROM repeated)
         OR d.record_id IN (SELECT record_id FROM oversized WHERE bytes > ${limits.recordBytes} OR largest IS NOT NULL)
      RETURNING d.record_id, d.copies
    ), rejected AS (
      SELECT record_id, sum(copies) AS copies FROM gone GROUP BY record_id
    ), samples AS (
      INSERT INTO ${tables.rejections}
      SELECT ${number}, r.record_id, r.copies, CASE
        WHEN r.record_id IS NULL THEN 'the identifier is null'
        WHEN octet_length(r.record_id) > ${identifierBytes} THEN 'the identifier of ' || octet_length(r.record_id) || ' bytes is over the limit of ${identifierBytes}'
        WHEN r.copies > 1 THEN 'the identifier occurs ' || r.copies || ' times'
        WHEN o.largest IS NOT NULL THEN 'column "' || o.largest || ' bytes is over the limit of ${limits.valueBytes}'
        ELSE 'the record of ' || o.bytes || ' bytes is over the limit of ${limits.recordBytes}' END
      FROM rejected AS r LEFT JOIN oversized AS o ON o.record_id = r.record_id LIMIT ${maxSamples}
    )
    SELECT coalesce(sum(copies), 0) AS rejected FROM rejected`);
  return { rejected: Number(rejected.rows[0]?.rejected), left: (await tally(connection, table)).counts };
}

/** Bytes of a text as it leaves, whatever the database's encoding. */
function sentBytes(text: string): string {
  return `octet_length(convert_to(${text}, 'UTF8'))`;
}

/** JSON of the same length. json_each reads what is escaped, and fails at what no text of this database can have: `\\u0000`, half a surrogate pair, a character of another encoding. */
function withoutEscapes(json: string): string {
  return `replace(replace(${json}, '\\\\', '..'), '\\u', '.u')`;
}

const uniqueViolation = '23505';

/**
 * Whether an identifier may stand in two rows of the delta. An index that has to be unique tells at half the cost of grouping, in parallel; it isn't kept.
 * It is over hashes, because the server's log quotes what stands in it twice: two ids that share a hash only cost the closer look.
 */
async function mayRepeat(connection: pg.PoolClient, delta: string): Promise<boolean> {
  await connection.query('SAVEPOINT repeats');
  try {
    await connection.query(`CREATE UNIQUE INDEX ON ${delta} (hashtextextended(record_id, 0))`);
    return false;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === uniqueViolation) return true;
    throw error;
  } finally {
    await connection.query('ROLLBACK TO SAVEPOINT repeats; RELEASE SAVEPOINT repeats');
  }
}

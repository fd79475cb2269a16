import { limits } from '../../domain/limits.js';
import { identifierBytes, maxSamples } from '../rejection-rules.js';
import type { Session } from './client.js';
import type { TableNames } from './names.js';

/** Named after no table of ours: those carry a subscription id, which has no upper case. Its connection's own. */
const rejected = 'temp."REJECTED"';

/**
 * Takes out of the delta what can't be sent: no identifier, one that occurs more than once (none of such a group is the truth), one that is too long, too large a record or value
 * (source document, "Extract limits"). Returns how many of the model's rows that were. A rejected record counts as present: it never becomes a deletion.
 * @param known records in `records_`; a part of the model can't be counted against them, so null where only a part was looked at
 */
export async function reject(session: Session, tables: TableNames, delta: string, number: number, known: number | null): Promise<number> {
  await session.run(`DELETE FROM ${tables.rejections}`);
  if (!(await isSuspicious(session, delta, known))) return 0;
  await session.run(`
    CREATE TEMPORARY TABLE "REJECTED" AS
    WITH sized AS (
      SELECT record_id, strlen(body) AS bytes, CASE WHEN strlen(body) > ${limits.valueBytes} THEN
        (SELECT first(key || '" of ' || strlen(CAST(value AS VARCHAR))) FROM json_each(body) WHERE strlen(CAST(value AS VARCHAR)) > ${limits.valueBytes}) END AS largest
      FROM ${delta} WHERE strlen(body) > ${limits.valueBytes}
    ), counted AS (
      SELECT record_id, count(*) FILTER (present) AS copies FROM ${delta} GROUP BY record_id
    )
    SELECT c.record_id, c.copies, CASE
      WHEN c.record_id IS NULL THEN 'the identifier is null'
      WHEN strlen(c.record_id) > ${identifierBytes} THEN 'the identifier of ' || strlen(c.record_id) || ' bytes is over the limit of ${identifierBytes}'
      WHEN c.copies > 1 THEN 'the identifier occurs ' || c.copies || ' times'
      WHEN s.largest IS NOT NULL THEN 'column "' || s.largest || ' bytes is over the limit of ${limits.valueBytes}'
      WHEN s.bytes > ${limits.recordBytes} THEN 'the record of ' || s.bytes || ' bytes is over the limit of ${limits.recordBytes}' END AS reason
    FROM counted AS c LEFT JOIN (SELECT record_id, max(bytes) AS bytes, max(largest) AS largest FROM sized GROUP BY record_id) AS s ON s.record_id = c.record_id
    WHERE reason IS NOT NULL`);
  await session.run(`DELETE FROM ${delta} WHERE record_id IS NULL OR record_id IN (SELECT record_id FROM ${rejected} WHERE record_id IS NOT NULL)`);
  await session.run(`INSERT INTO ${tables.rejections} SELECT ${number}, record_id, copies, reason FROM ${rejected} LIMIT ${maxSamples}`);
  const [counted] = await session.rows<{ records: number }>(`SELECT CAST(coalesce(sum(copies), 0) AS BIGINT) AS records FROM ${rejected}`);
  await session.run(`DROP TABLE ${rejected}`);
  return counted?.records ?? 0;
}

/**
 * Whether anything may have to be rejected. More rows with a known id than there are known ids: some id occurs more than once. Other ids are looked at by
 * their hashes, which is cheaper; two that share one only cost the closer look.
 */
async function isSuspicious(session: Session, delta: string, known: number | null): Promise<boolean> {
  const others = known === null ? 'true' : 'NOT known';
  const [found] = await session.rows<{ suspicious: boolean }>(
    `SELECT coalesce(bool_or(record_id IS NULL OR strlen(record_id) > ${identifierBytes} OR strlen(body) > ${limits.valueBytes}), false)
       OR count(*) FILTER (known) > ${known ?? 'count(*)'} OR count(*) FILTER (${others}) > count(DISTINCT hash(record_id)) FILTER (${others}) AS suspicious
     FROM ${delta}`,
  );
  return found?.suspicious === true;
}

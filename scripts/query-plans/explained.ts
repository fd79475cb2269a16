/** A statement to show: how to find it, and what to look for in its plan. */
export interface Explained {
  readonly title: string;
  readonly statement: RegExp;
  readonly look: string;
}

const delta = /CREATE UNLOGGED TABLE \S+ AS/;

export const explained = {
  deltaOfAll: {
    title: 'Delta, nothing known yet',
    statement: delta,
    look: 'One scan of the model, no join, no sort and no aggregate: every row is in the output, where duplicates are found.',
  },
  deltaCounted: {
    title: 'Delta, duplicates found by a count',
    statement: delta,
    look: 'One parallel scan of the model and one of `records_`, met in a single full hash join. Unchanged rows fall into 16 groups, so the aggregates hold only what changed, and 8 bytes for each unchanged row, which are written down only where there are duplicates. Look for a hash of `records_` in one batch, or few, and for rows that are aggregated by a hash before they are sorted.',
  },
  duplicates: {
    title: 'Naming duplicates among unchanged rows',
    statement: /INSERT INTO \S+ \(record_id, copies\)/,
    look: 'One aggregate over the checksums, and one pass over `records_`, or two where records changed too: that is the price of naming them, paid only while the model has some.',
  },
  deltaRecent: {
    title: 'Delta, recent rows only',
    statement: delta,
    look: 'A left join instead of a full one: what has vanished is left to the next full diff. The filter on the timestamp stands at the scan of the model, before any checksum; with an index on the column it becomes an index scan. What failed or was rejected before is found by a hashed subplan, which must not run once a row.',
  },
  past: {
    title: 'What is known',
    statement: /SELECT baseline_pending/,
    look: '`records_` is counted once, in parallel; the rest is small tables.',
  },
  reject: {
    title: 'Looking for records to reject',
    statement: /SELECT count\(\*\) FILTER .* AS suspects/s,
    look: 'One pass over the delta, whose rows are those that changed. A unique index over hashes of their ids, which has no plan, then tells whether one of them repeats.',
  },
  intent: {
    title: 'Intent',
    statement: /CREATE TABLE \S+ AS\s+SELECT record_id, operation, checksum, CASE/,
    look: 'One pass over the delta. A limit on the sync would add a sort here; without one there is none.',
  },
  read: {
    title: 'Reading the delta',
    statement: /COPY \(/,
    look: 'One pass over the delta alone: it holds what the intent holds. On a first sync the JSON is made here, by every worker.',
  },
  readCut: {
    title: 'Reading the delta when the intent was cut',
    statement: /COPY \(/,
    look: 'Delta and intent, joined in one pass, by a hash or a merge: never by a nested loop, although neither table has statistics.',
  },
  trim: {
    title: 'Cutting the intent down to the quota\'s grant',
    statement: /DELETE FROM \S+ WHERE record_id IN/,
    look: 'One sort of the intent, failures first, and one pass that deletes what is past the grant; the sort may go to disk.',
  },
  fill: {
    title: 'Settling: filling `records_` for the first time',
    statement: /INSERT INTO \S+ \(record_id, checksum\)/,
    look: 'One pass over the intent, hash joins with the small tables of chunks and outcomes. Nothing is inserted into an index: the key is built afterwards, from sorted rows.',
  },
  remove: {
    title: 'Settling: deleted records leave `records_`',
    statement: /DELETE FROM \S+ AS r USING/,
    look: 'The intent is small here; the records to delete are looked up by key, or, when there are many, by one hash join.',
  },
  upsert: {
    title: 'Settling: new and updated records enter `records_`',
    statement: /INSERT INTO \S+ \(record_id, checksum\)/,
    look: 'One conflict check by key for each changed record. `Conflicting Tuples` are the updates.',
  },
  forgive: {
    title: 'Settling: what was acknowledged leaves `failures_`',
    statement: /DELETE FROM \S+ AS f USING/,
    look: 'One look-up by key for each acknowledged record, or one hash join; `failures_` is small, or ought to be.',
  },
  blame: {
    title: 'Settling: what failed enters `failures_`',
    statement: /INSERT INTO \S+ AS f /,
    look: 'Cost grows with the outcomes, which hold only what did not succeed; the intent is read once.',
  },
} as const satisfies Record<string, Explained>;

/** What an expert sets before reading and comparing whole tables: room for one hash table, and parallel workers taken for free. */
export const bulkSettings = `
  SET LOCAL timezone = 'UTC';
  SET LOCAL work_mem = '256MB';
  SET LOCAL maintenance_work_mem = '512MB';
  SET LOCAL jit = off;
  SET LOCAL parallel_setup_cost = 0;
  SET LOCAL parallel_tuple_cost = 0;
  SET LOCAL min_parallel_table_scan_size = 0;
  SET LOCAL max_parallel_workers_per_gather = 4`;

/** COPY settings that leave JSON lines as they are: JSON never holds these two characters raw. */
export const rawLines = `(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;

/** One way to do an extract by hand, as the statements that it runs. All work in a schema of the floor's own. */
export interface FloorStatements {
  readonly schema: string;
  /** Makes the empty state. */
  readonly create: string;
  /** The diff when nothing is known yet, and the one after that. */
  readonly diffFirst: string;
  readonly diffNext: string;
  /** One row: what was found, and how many rows are fit for no destination. */
  readonly countFirst: string;
  readonly countNext: string;
  /** A query whose only column is one line a record. */
  readonly linesFirst: string;
  readonly linesNext: string;
  readonly settleFirst: string;
  readonly settleNext: string;
}

import type { DestinationLimits } from '../destination.js';

/** A table in PostgreSQL, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export interface PostgresDestinationConfig extends DestinationLimits {
  readonly type: 'postgres';
  readonly url: string;
  /** `schema.table`, or a table of the schema `public`; as the catalog has it, so without quotes. */
  readonly table: string;
  /** The column that holds the record id. It needs a unique index of its own. */
  readonly key: string;
  /** What new and updated records may do: `insert` leaves rows alone that are there, `update` adds none. Deleted records always delete. */
  readonly write: 'upsert' | 'insert' | 'update';
}

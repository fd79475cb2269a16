import type { Operation } from './subscription.js';

/** A record as a sync staged it. */
export interface StagedRecord {
  readonly recordId: string;
  readonly operation: Operation;
  /** The checksum as text; empty for a deletion. */
  readonly version: string;
  /** The properties as JSON, byte for byte. */
  readonly properties: string;
}

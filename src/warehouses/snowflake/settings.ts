import type { S3Location } from '../../s3/location.js';

/** What a source of type snowflake needs to know, with its references resolved. */
export interface SnowflakeSettings {
  readonly account: string;
  readonly username: string;
  readonly auth: SnowflakeAuth;
  readonly role: string | null;
  /** Where models and state live. */
  readonly database: string;
  /** The schema in which models find unqualified names; null leaves it to the user's default. */
  readonly schema: string | null;
  /** The virtual warehouse that runs models and stages what changed. */
  readonly warehouse: string;
  /** The one for leases and bookkeeping, a few small statements every few seconds while records are delivered; null takes `warehouse`. */
  readonly stateWarehouse: string | null;
  /** The address of a private endpoint; null derives it from the account. */
  readonly accessUrl: string | null;
  /** A word of the user's own that every statement's query tag carries. */
  readonly queryTag: string | null;
  /** Where large deltas are unloaded to; null takes all of them through the driver. */
  readonly unload: SnowflakeUnload | null;
  readonly stateSchema: string;
  readonly maxRecordsPerSync: number;
  readonly statementTimeoutMs: number;
  readonly maxConcurrentDiffs: number;
}

export interface SnowflakeUnload {
  /** An external stage, as DATABASE.SCHEMA.STAGE. */
  readonly stage: string;
  /** The place in a bucket that the stage's URL names, as the worker reaches it. */
  readonly store: S3Location;
}

export type SnowflakeAuth =
  | { readonly kind: 'password'; readonly password: string }
  /** `key` is PEM text; `passphrase` where it is encrypted. */
  | { readonly kind: 'key'; readonly key: string; readonly passphrase: string | null }
  | { readonly kind: 'keyFile'; readonly file: string; readonly passphrase: string | null }
  | { readonly kind: 'oauth'; readonly token: string }
  | { readonly kind: 'accessToken'; readonly token: string };

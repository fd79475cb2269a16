import type { FileDestinationConfig } from '../destinations/file/config.js';
import type { ModuleDestinationConfig } from '../destinations/module/config.js';
import type { PostgresDestinationConfig } from '../destinations/postgres/config.js';
import type { SegmentDestinationConfig } from '../destinations/segment/config.js';
import type { WebhookConfig } from '../destinations/webhook/config.js';
import type { SnowflakeSettings } from '../warehouses/snowflake/settings.js';
import type { Model, Subscription } from '../domain/subscription.js';
import type { WorkspacePlan } from '../domain/plan.js';
import type { S3Location } from '../s3/location.js';

/**
 * One sluice.yaml, checked and with its defaults filled in. Times are in ms.
 * Strings of sources, destinations and staging still hold their `${ENV}` references: `resolveReferences` replaces them where they are used.
 */
export interface Configuration {
  readonly workspace: WorkspaceConfig;
  readonly staging: StagingConfig;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly models: Readonly<Record<string, Model>>;
  readonly destinations: Readonly<Record<string, DestinationConfig>>;
  /** By subscription id. */
  readonly subscriptions: Readonly<Record<string, Subscription>>;
}

export interface WorkspaceConfig {
  readonly id: string;
  readonly plan: WorkspacePlan;
  /** Day of the month (UTC) on which a billing cycle starts, 1 to 28. */
  readonly billingCycleDay: number;
  readonly countFailed: boolean;
}

export type StagingConfig = LocalStagingConfig | S3StagingConfig;

interface StagingTerms {
  readonly retainMs: number;
  /** `key`: 32 bytes as base64. */
  readonly encryption: { readonly key: string } | null;
}

export interface LocalStagingConfig extends StagingTerms {
  readonly type: 'local';
  /** Absolute, unless it starts with a reference. */
  readonly path: string;
  /** How long a sync waits for the host that staged it. */
  readonly waitForHostMs: number;
}

export interface S3StagingConfig extends StagingTerms, S3Location {
  readonly type: 's3';
}

export type SourceConfig = PostgresSourceConfig | SnowflakeSourceConfig | DuckdbSourceConfig;

export interface SourceLimits {
  /** The schema that holds the state tables. */
  readonly stateSchema: string;
  readonly maxRecordsPerSync: number;
  readonly statementTimeoutMs: number;
  /** Models that run at once in this source. */
  readonly maxConcurrentDiffs: number;
}

export interface PostgresSourceConfig extends SourceLimits {
  readonly type: 'postgres';
  readonly url: string;
}

export interface SnowflakeSourceConfig extends SnowflakeSettings {
  readonly type: 'snowflake';
}

export interface DuckdbSourceConfig extends SourceLimits {
  readonly type: 'duckdb';
  /** Absolute, unless it starts with a reference or with `md:` (MotherDuck). */
  readonly path: string;
  /** MotherDuck's. */
  readonly token: string | null;
  /** What DuckDB may hold in memory, in its own words: 100MB, 2GB. Null: little, and more when a statement can't do with it. */
  readonly memoryLimit: string | null;
  readonly threads: number;
}

export type DestinationConfig = WebhookConfig | PostgresDestinationConfig | FileDestinationConfig | ModuleDestinationConfig | SegmentDestinationConfig;

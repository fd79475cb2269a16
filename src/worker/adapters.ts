import type { ActivityDependencies } from '../../activities/dependencies.js';
import { parseSubscription, resolveReferences, type Configuration, type DestinationConfig, type SourceConfig, type StagingConfig } from '../config/index.js';
import type { Destination } from '../destinations/destination.js';
import { createFileDestination } from '../destinations/file/file.js';
import { createMapper } from '../destinations/mapping.js';
import { createModuleDestination } from '../destinations/module/module.js';
import { createPostgresDestination } from '../destinations/postgres/postgres.js';
import { createSegmentDestination } from '../destinations/segment/segment.js';
import { createWebhook } from '../destinations/webhook/webhook.js';
import { quotaTermsOf } from '../domain/quota-state.js';
import type { Subscription } from '../domain/subscription.js';
import { ConfigurationError, UnknownReferenceError } from '../errors/errors.js';
import { createLocalFiles } from '../staging/local.js';
import { createS3Files } from '../staging/s3.js';
import type { StagingStore } from '../staging/staging.js';
import { createStaging } from '../staging/store.js';
import { createDuckdbWarehouse } from '../warehouses/duckdb/index.js';
import { createPostgresWarehouse } from '../warehouses/postgres/index.js';
import { createSnowflakeWarehouse } from '../warehouses/snowflake/index.js';
import type { Warehouse } from '../warehouses/warehouse.js';
import { loadDestinationModules, type DestinationModules } from './destination-modules.js';
import { Pacers } from './pacers.js';

/** The adapters that one configuration names: each made at its first use, and kept. Here `${ENV}` references become values. */
export class Adapters {
  private readonly warehouses = new Map<string, Warehouse>();
  private readonly destinations = new Map<string, Destination>();
  private readonly pacers: Pacers;

  constructor(
    private readonly configuration: Configuration,
    private readonly env: NodeJS.ProcessEnv,
    private readonly modules: DestinationModules = new Map(),
  ) {
    this.pacers = new Pacers(configuration.workspace.id);
  }

  /** Adapters for all that a configuration names, destinations of type module too. */
  static async load(configuration: Configuration, env: NodeJS.ProcessEnv): Promise<Adapters> {
    return new Adapters(configuration, env, await loadDestinationModules(configuration, env));
  }

  /** Null when the configuration has no such source. */
  warehouse(name: string): Warehouse | null {
    return made(this.warehouses, name, own(this.configuration.sources, name), (config) => createWarehouse(name, resolveReferences(config, this.env)));
  }

  /** By name. */
  allWarehouses(): ReadonlyMap<string, Warehouse> {
    return new Map(Object.keys(this.configuration.sources).flatMap((name) => {
      const warehouse = this.warehouse(name);
      return warehouse === null ? [] : [[name, warehouse]];
    }));
  }

  /** Null when the configuration has no such destination. */
  destination(name: string): Destination | null {
    return made(this.destinations, name, own(this.configuration.destinations, name), (config) => createDestination(name, resolveReferences(config, this.env), this.modules));
  }

  dependencies(): ActivityDependencies {
    const named = <T>(subscription: Subscription, kind: 'source' | 'destination', name: string, adapter: T | null): T => {
      if (adapter === null) throw new UnknownReferenceError(subscription.id, kind, name);
      return adapter;
    };
    const destinationOf = (subscription: Subscription): Destination => named(subscription, 'destination', subscription.destination, this.destination(subscription.destination));
    const { staging } = this.configuration;
    return {
      workspaceId: this.configuration.workspace.id,
      quotaTerms: quotaTermsOf(this.configuration.workspace),
      warehouses: () => this.allWarehouses(),
      staging: stagingOf(resolveReferences(staging, this.env)),
      stagingRetainMs: staging.retainMs,
      stagingHostWaitMs: staging.type === 'local' ? staging.waitForHostMs : 0,
      warehouseOf: (subscription) => named(subscription, 'source', subscription.model.source, this.warehouse(subscription.model.source)),
      destinationOf,
      pacerOf: (subscription) => this.pacers.of(subscription, destinationOf(subscription).limits),
      parseSubscription,
      mapperOf: (subscription) => createMapper(subscription.mapping, subscription.nullValues),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.warehouses.values(), ...this.destinations.values()].map((adapter) => adapter.close()));
  }
}

/** Names come from payloads too: `constructor` is not a source. */
function own<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function made<Config, Adapter>(kept: Map<string, Adapter>, name: string, config: Config | undefined, make: (config: Config) => Adapter): Adapter | null {
  if (config === undefined) return null;
  const adapter = kept.get(name) ?? make(config);
  kept.set(name, adapter);
  return adapter;
}

function createWarehouse(name: string, config: SourceConfig): Warehouse {
  switch (config.type) {
    case 'postgres':
      return createPostgresWarehouse(name, config);
    case 'duckdb':
      return createDuckdbWarehouse(name, config);
    case 'snowflake':
      return createSnowflakeWarehouse(name, config);
  }
}

function createDestination(name: string, config: DestinationConfig, modules: DestinationModules): Destination {
  switch (config.type) {
    case 'webhook':
      return createWebhook(name, config);
    case 'postgres':
      return createPostgresDestination(name, config);
    case 'file':
      return createFileDestination(name, config);
    case 'module': {
      const definition = modules.get(name) ?? new ConfigurationError([`destination "${name}" is of type module, and its module was not loaded`]);
      if (definition instanceof ConfigurationError) throw definition;
      return createModuleDestination(name, config, definition);
    }
    case 'segment':
      return createSegmentDestination(name, config);
  }
}

function stagingOf(config: StagingConfig): StagingStore {
  const key = config.encryption === null ? null : Buffer.from(config.encryption.key, 'base64');
  return createStaging(config.type === 'local' ? createLocalFiles(config.path) : createS3Files(config), key);
}

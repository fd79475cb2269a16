import type { ModelTimestamp, Subscription } from '../../src/domain/subscription.js';
import type { Warehouse } from '../../src/warehouses/warehouse.js';
import { SyncDriver } from './warehouse-driver.js';
import { checkpointLaws } from './warehouse-suite-checkpoints.js';
import { connectionLaws, type CutLine } from './warehouse-suite-connection.js';
import { diffLaws } from './warehouse-suite-diff.js';
import { failureLaws } from './warehouse-suite-failures.js';
import { inspectionLaws } from './warehouse-suite-inspection.js';
import { leaseLaws } from './warehouse-suite-leases.js';
import { limitLaws } from './warehouse-suite-limits.js';
import { rejectionLaws } from './warehouse-suite-rejections.js';
import { replayLaws } from './warehouse-suite-replay.js';
import { resetLaws } from './warehouse-suite-reset.js';
import { stateLaws } from './warehouse-suite-state.js';

export interface WarehouseSettings {
  readonly maxRecordsPerSync?: number;
  /** Connects as from somewhere else: another time zone, date style and whatever else changes a value's text. */
  readonly elsewhere?: boolean;
}

/** A warehouse that a test can fill and look into. SQL in the laws is what every warehouse understands: text, bigint, insert, update, delete. */
export interface WarehouseHarness {
  /** Closed by the harness. */
  open(settings: WarehouseSettings): Warehouse;
  /** The same query as this warehouse has to be asked it: where names need quotes, with quotes. */
  sql(query: string): string;
  /** Runs statements, separated by semicolons. */
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  quote(name: string): string;
  /** In a table, names that differ in case alone are one name. */
  readonly foldsCase: boolean;
  /** Names that no column of a model can have here, because the driver breaks at them. */
  readonly brokenNames?: readonly string[];
  /** The qualified, quoted name of a table in the state schema. */
  state(table: string): string;
  /** The tables in the state schema, each with its columns in order. */
  stateTables(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Removes every table, the state schema among them, and closes what was opened. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface SubscriptionOptions extends WarehouseSettings, Partial<Omit<Subscription, 'model'>> {
  readonly query?: string;
  readonly identifier?: string;
  readonly timestamp?: ModelTimestamp;
}

/** One test's warehouse. */
export interface Bench extends WarehouseHarness {
  /** A subscription to `people`, unless told. */
  driver(options?: SubscriptionOptions): SyncDriver;
  /** Makes `people (id, name)` with the ids from 1 on. */
  createPeople(count: number): Promise<void>;
  /** The failures of subscription `people_to_crm`, by id. */
  failures(): Promise<readonly FailureState[]>;
}

export interface FailureState {
  readonly id: string;
  readonly operation: string;
  readonly maybe: boolean;
  readonly attempts: number;
  readonly expired: boolean;
}

export function benchOf(harness: WarehouseHarness): Bench {
  return {
    ...harness,
    driver: ({ query = 'select * from people', identifier = 'id', timestamp, maxRecordsPerSync, elsewhere, ...subscription } = {}) => {
      const settings = { ...(maxRecordsPerSync === undefined ? {} : { maxRecordsPerSync }), ...(elsewhere === undefined ? {} : { elsewhere }) };
      return new SyncDriver(harness.open(settings), {
        id: 'people_to_crm',
        enabled: true,
        model: { name: 'people', source: 'warehouse', query: harness.sql(query), identifier, timestamp: timestamp ?? null },
        destination: 'crm',
        syncMode: 'mirror',
        schedule: { kind: 'manual' },
        mapping: null,
        nullValues: 'send',
        initialSync: 'send',
        continueImmediately: false,
        ...subscription,
      });
    },
    createPeople: (count) => {
      const rows = Array.from({ length: count }, (_, index) => `(${index + 1}, 'person ${index + 1}')`);
      return harness.run(`create table people (id bigint, name text); insert into people values ${rows.join(', ')}`);
    },
    failures: async () => {
      const rows = await harness.rows(
        `select record_id as "id", operation as "operation", maybe_delivered as "maybe", attempts as "attempts", expired as "expired" from ${harness.state('failures_people_to_crm')} order by record_id`,
      );
      return rows as unknown as readonly FailureState[];
    },
  };
}

/**
 * The laws of the Warehouse interface. `open` makes a warehouse of its own for this run; `lineTo` leads to the same one by a line that can be cut. A warehouse in this
 * process has none: what breaks there is the worker, which the property test has die in and between steps.
 */
export function warehouseLaws<Harness extends WarehouseHarness>(name: string, open: () => Promise<Harness>, lineTo?: (harness: Harness) => Promise<CutLine>): void {
  describe(`warehouse ${name}`, () => {
    let harness: Harness;
    const bench = (): Bench => benchOf(harness);

    before(async () => {
      harness = await open();
    });
    afterEach(() => harness.clear());
    after(() => harness.close());

    diffLaws(bench);
    rejectionLaws(bench);
    limitLaws(bench);
    checkpointLaws(bench);
    resetLaws(bench);
    replayLaws(bench);
    failureLaws(bench);
    leaseLaws(bench);
    stateLaws(bench);
    inspectionLaws(bench);
    if (lineTo !== undefined) connectionLaws(bench, () => lineTo(harness));
  });
}

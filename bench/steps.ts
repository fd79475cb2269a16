import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../activities/index.js';
import type { DiffSummary, StepInput } from '../activities/types.js';
import type { Configuration } from '../src/config/index.js';
import type { Subscription } from '../src/domain/subscription.js';
import type { Warehouse } from '../src/warehouses/warehouse.js';
import { Adapters } from '../src/worker/adapters.js';

/** The steps of a sync exactly as a worker runs them, called one by one without Temporal. */
export interface Steps {
  readonly warehouse: Warehouse;
  open(requestKey: string): Promise<StepInput>;
  diff(sync: StepInput): Promise<DiffSummary>;
  /** Stages all that the diff found, as a quota without a limit would have it. Returns the numbers of the chunks. */
  stage(sync: StepInput, records: number): Promise<readonly number[]>;
  load(sync: StepInput, chunk: number): Promise<{ readonly succeeded: number }>;
  settle(sync: StepInput): Promise<void>;
  close(): Promise<void>;
}

/** Nothing listens here: what a step tells the ledger counts as heard. */
const deaf = new Client({ connection: Connection.lazy(), interceptors: { workflow: [{ signalWithStart: () => Promise.resolve('') }] } });

export function createSteps(configuration: Configuration, subscription: Subscription): Steps {
  const adapters = new Adapters(configuration, {});
  const dependencies = adapters.dependencies();
  const activities = createActivities(dependencies);
  const environment = new MockActivityEnvironment({}, { client: deaf });
  const run = <T>(step: () => Promise<T>): Promise<T> => environment.run<[], T, () => Promise<T>>(step);
  return {
    warehouse: dependencies.warehouseOf(subscription),
    open: async (requestKey) => {
      const sync = await run(() => activities.openSync({ subscription, trigger: 'manual', requestKey }));
      return { sync, workspaceId: configuration.workspace.id, subscription, full: false };
    },
    diff: (sync) => run(() => activities.diffModel(sync)),
    stage: async (sync, records) => {
      const staged = await run(() => activities.stageRecords({ ...sync, grant: { records, ledger: 0 } }));
      if (staged.kind === 'void') throw new Error('nobody else has a ledger here, and yet one made the grant void');
      return staged.chunks;
    },
    load: (sync, chunk) => run(() => activities.loadChunk({ ...sync, chunk })),
    settle: async (sync) => {
      await run(() => activities.settleSync({ ...sync, end: null }));
    },
    close: () => adapters.close(),
  };
}

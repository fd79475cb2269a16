import { cycleStartOfDay, usageDay, type BillingCycle } from '../src/domain/billing-cycle.js';
import { cyclesUpTo, pairOf } from '../src/domain/quota-past.js';
import { addSent, nothingSent, type AccountReading, type Sent, type UsageEntry } from '../src/domain/quota-state.js';
import { merged } from '../src/domain/quota-sums.js';
import { SluiceError, WarehouseUnavailableError } from '../src/errors/errors.js';
import type { UsageReading, Warehouse } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { withHeartbeat } from './step.js';
import type { CountedUsage, ReadUsageInput } from './types.js';

/**
 * Counts what the workspace has used, from the state tables of every source that this worker's configuration has. Nothing may be granted before all have answered,
 * so whatever keeps one from answering is tried again until it does.
 */
export async function readUsage(dependencies: ActivityDependencies, input: ReadUsageInput): Promise<CountedUsage> {
  return withHeartbeat(() => countUsage(dependencies, input));
}

/** The same once, from anywhere. Throws WarehouseUnavailableError when a source can't be counted. */
export async function countUsage(dependencies: Pick<ActivityDependencies, 'warehouses' | 'workspaceId'>, { billingCycleDay, atMs, ledger }: ReadUsageInput): Promise<CountedUsage> {
  const { current, past } = cyclesUpTo(billingCycleDay, atMs);
  const question = { owner: dependencies.workspaceId, sinceDay: usageDay((past.at(-1) ?? current).startMs), ledger };
  const found = await Promise.all(
    [...sourcesToAsk(dependencies)].map(async ([source, warehouse]) => {
      const readings = await warehouse.readUsage(question).catch((error: unknown) => cannotCount(`on source "${source}"`, error));
      return readings.map((reading) => ({ source, entries: entriesOf(reading, billingCycleDay), reading }));
    }),
  );
  const counted = found.flat();
  const accounts = counted.map(({ source, entries, reading: { subscriptionId, settledThrough, open, wanted } }): AccountReading => ({
    ...{ subscriptionId, source, settledThrough, open, wanted },
    settled: entries.filter(({ cycleStartMs }) => cycleStartMs >= current.startMs),
    past: past.map(({ startMs }) => pairOf(entries.filter(({ cycleStartMs }) => cycleStartMs === startMs).reduce<Sent>(addSent, nothingSent))),
  }));
  const all = merged(counted.flatMap(({ entries }) => entries));
  return { accounts, past: past.map((cycle) => ({ ...cycle, byDestination: byDestination(all, cycle) })) };
}

function entriesOf({ settled }: UsageReading, billingCycleDay: number): readonly UsageEntry[] {
  return merged(settled.map(({ day, destination, succeeded, failed }) => ({ cycleStartMs: cycleStartOfDay(billingCycleDay, day), destination, succeeded, failed })));
}

function byDestination(entries: readonly UsageEntry[], { startMs }: BillingCycle): Readonly<Record<string, Sent>> {
  return Object.fromEntries(entries.filter(({ cycleStartMs }) => cycleStartMs === startMs).map(({ destination, succeeded, failed }) => [destination, { succeeded, failed }]));
}

function sourcesToAsk(dependencies: Pick<ActivityDependencies, 'warehouses'>): ReadonlyMap<string, Warehouse> {
  try {
    return dependencies.warehouses();
  } catch (error) {
    return cannotCount('on the sources of this configuration', error);
  }
}

function cannotCount(where: string, error: unknown): never {
  if (!(error instanceof SluiceError)) throw error;
  throw new WarehouseUnavailableError(`the usage ${where} can't be counted: ${error.message}`, { cause: error });
}

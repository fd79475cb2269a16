import { billingCycleAt, cycleStartOfDay, usageDay, type BillingCycle } from '../src/domain/billing-cycle.js';
import { addSent, nothingSent, type AccountReading, type PastCycle, type Sent, type UsageEntry } from '../src/domain/quota-state.js';
import { SluiceError, WarehouseUnavailableError } from '../src/errors/errors.js';
import type { UsageReading, Warehouse } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { withHeartbeat } from './step.js';
import type { CountedUsage, ReadUsageInput } from './types.js';

const pastCycles = 12;

/**
 * Counts what the workspace has used, from the state tables of every source that this worker's configuration has. Nothing may be granted before all have answered,
 * so whatever keeps one from answering is tried again until it does.
 */
export async function readUsage(dependencies: ActivityDependencies, input: ReadUsageInput): Promise<CountedUsage> {
  const cycles = cyclesUpTo(input.billingCycleDay, input.atMs);
  const oldest = cycles.at(-1)?.startMs ?? input.atMs;
  const question = { owner: dependencies.workspaceId, sinceDay: usageDay(oldest), ledger: input.ledger };
  return withHeartbeat(async () => {
    const found: { source: string; reading: UsageReading }[] = [];
    for (const [source, warehouse] of sourcesToAsk(dependencies)) {
      const readings = await warehouse.readUsage(question).catch((error: unknown) => cannotCount(`on source "${source}"`, error));
      found.push(...readings.map((reading) => ({ source, reading })));
    }
    return countedUsage(found, input.billingCycleDay, cycles);
  });
}

function sourcesToAsk(dependencies: ActivityDependencies): ReadonlyMap<string, Warehouse> {
  try {
    return dependencies.warehouses();
  } catch (error) {
    return cannotCount('on the sources of this configuration', error);
  }
}

function cannotCount(where: string, error: unknown): never {
  if (!(error instanceof SluiceError)) throw error;
  throw new WarehouseUnavailableError(`the usage ${where} can't be counted, and until then nothing is granted: ${error.message}`, { cause: error });
}

/** The cycle of a moment and those before it that are remembered, newest first. */
function cyclesUpTo(billingCycleDay: number, atMs: number): readonly BillingCycle[] {
  const cycles = [billingCycleAt(billingCycleDay, atMs)];
  while (cycles.length <= pastCycles) cycles.push(billingCycleAt(billingCycleDay, (cycles.at(-1)?.startMs ?? atMs) - 1));
  return cycles;
}

function countedUsage(found: readonly { readonly source: string; readonly reading: UsageReading }[], billingCycleDay: number, cycles: readonly BillingCycle[]): CountedUsage {
  const currentMs = cycles[0]?.startMs ?? 0;
  const past = new Map(cycles.slice(1).map((cycle) => [cycle.startMs, new Map<string, Sent>()]));
  const accounts = found.map(({ source, reading }): AccountReading => {
    const entries: UsageEntry[] = reading.settled.map(({ day, ...sent }) => ({ ...sent, cycleStartMs: cycleStartOfDay(billingCycleDay, day) }));
    for (const entry of entries) {
      const sums = past.get(entry.cycleStartMs);
      sums?.set(entry.destination, addSent(sums.get(entry.destination) ?? nothingSent, entry));
    }
    const { subscriptionId, settledThrough, open, wanted } = reading;
    return { subscriptionId, source, settledThrough, open, wanted, settled: entries.filter(({ cycleStartMs }) => cycleStartMs >= currentMs) };
  });
  const closed = cycles.slice(1).map((cycle): PastCycle => ({ ...cycle, byDestination: Object.fromEntries(past.get(cycle.startMs) ?? []) }));
  return { accounts, past: closed };
}

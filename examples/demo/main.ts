/**
 * `npm start`: a warehouse with customers, Temporal, a worker and a small CRM, all on this machine. Delivers every customer, changes some, delivers exactly those.
 * Stays up until Ctrl-C; `--exit` stops by itself, with 0 only if everything arrived. `--rows N` sets the number of customers. `--warehouse duckdb` keeps them in a
 * DuckDB file instead of PostgreSQL.
 */
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { createProgressDisplay } from '../../src/cli/progress.js';
import type { SyncResult } from '../../src/client/index.js';
import type { Changes } from './customers.js';
import { compareWithTable } from './compare.js';
import { startParts, warehouses, type Parts, type WarehouseKind } from './parts.js';

const subscriptionId = 'customers_to_crm';
const say = (line = ''): void => {
  console.log(line);
};

const { rows, exit, kind } = readArguments();
// Temporal, the receiver and the warehouse belong together: another warehouse starts from nothing.
const parts = await startParts(kind, resolve('.sluice', ...(kind === 'postgres' ? [] : [kind])), (line) => {
  say(`  ${line}`);
});
const stopped = new Promise<void>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
});
try {
  const outcome = await Promise.race([demonstrate(parts), stopped.then(() => null), parts.workerFinished.then(() => null)]);
  process.exitCode = outcome === false ? 1 : 0;
  if (outcome !== null && !exit) {
    say('\nPress Ctrl-C to stop. The data stays in .sluice/, and the next `npm start` goes on with it.');
    await Promise.race([stopped, parts.workerFinished]);
  }
} finally {
  say('\nStopping.');
  await parts.stop();
}

/** Returns whether everything arrived. */
async function demonstrate(demo: Parts): Promise<boolean> {
  const seeded = await demo.warehouse.seed(rows);
  say(`\nWarehouse: the table customers holds ${seeded} customers${seeded === rows ? '' : ' (from an earlier start)'}.`);
  say(`Web UI:    ${demo.temporal.uiAddress ?? 'see your Temporal server'}`);
  const [change] = await demo.client.apply(demo.configuration);

  if (change?.kind === 'start') say('\nThe first sync of a schedule starts at once; every customer is new to the CRM.');
  else say(`\nAn earlier start left ${demo.receiver.state().size} customers at the CRM. Its last sync:`);
  report(await watch(demo, 0));
  const before = await arrived(demo);

  const changes = await demo.warehouse.change({ update: 1_000, add: 200, remove: 100 });
  say(`\nNow ${changes.updated.length} customers were updated, ${changes.added.length} added and ${changes.removed.length} deleted. A manual sync:`);
  const answer = await demo.client.requestSync(subscriptionId);
  if (!answer.accepted) throw new Error(answer.reason);
  const counted = demo.receiver.counts();
  const result = await watch(demo, answer.request);
  report(result);
  const exact = showArrivals(demo, counted, changes);
  const after = await arrived(demo);
  say(`\nWeb UI:    ${demo.temporal.uiAddress ?? ''}/namespaces/${demo.temporal.namespace}/workflows`);
  return before && after && exact && result.status === 'succeeded';
}

async function watch(demo: Parts, request: number): Promise<SyncResult> {
  const display = createProgressDisplay(process.stderr.isTTY);
  try {
    return await demo.client.waitForSync(subscriptionId, request, (progress) => {
      display.show(progress);
    });
  } finally {
    display.stop();
  }
}

function report(result: SyncResult): void {
  const { added, updated, deleted } = result.extracted;
  const seconds = (Date.parse(result.finishedAt) - Date.parse(result.startedAt)) / 1000;
  say(`${result.syncId ?? 'the sync'} ${result.status} in ${seconds.toFixed(1)} s: ${added} new, ${updated} updated, ${deleted} deleted; ${result.succeeded} of ${result.processed} delivered`);
  if (result.error !== null) say(`  ${result.error}`);
}

/** What arrived since `before`, against what was changed. */
function showArrivals(demo: Parts, before: ReturnType<Parts['receiver']['counts']>, changes: Changes): boolean {
  const now = demo.receiver.counts();
  const pairs = [
    ['new', changes.added.length, now.new - before.new],
    ['updated', changes.updated.length, now.updated - before.updated],
    ['deleted', changes.removed.length, now.deleted - before.deleted],
  ] as const;
  say('             changed  arrived');
  for (const [event, changed, received] of pairs) say(`  ${event.padEnd(8)} ${String(changed).padStart(9)} ${String(received).padStart(8)}`);
  return pairs.every(([, changed, received]) => changed === received);
}

async function arrived(demo: Parts): Promise<boolean> {
  const { compared, missing, different, surplus } = await compareWithTable(demo.warehouse, demo.receiver.state());
  const same = missing + different + surplus === 0;
  say(same ? `The CRM holds exactly the ${compared} customers of the table.` : `The CRM differs from the table: ${missing} missing, ${different} different, ${surplus} too many.`);
  return same;
}

function readArguments(): { rows: number; exit: boolean; kind: WarehouseKind } {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' }, exit: { type: 'boolean', default: false }, warehouse: { type: 'string', default: 'postgres' } } });
  const wanted = Number(values.rows);
  if (!Number.isInteger(wanted) || wanted < 1) refuse(`--rows ${values.rows}: expected a whole number of customers, at least 1`);
  const kind = Object.keys(warehouses).find((name): name is WarehouseKind => name === values.warehouse);
  if (kind === undefined) refuse(`--warehouse ${values.warehouse}: expected ${Object.keys(warehouses).join(' or ')}`);
  return { rows: wanted, exit: values.exit, kind };
}

function refuse(problem: string): never {
  console.error(problem);
  process.exit(2);
}

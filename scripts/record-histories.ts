/**
 * Records the histories that test/replay replays, as `<version>-<what>.json` in test/replay/histories: `npx tsx scripts/record-histories.ts`.
 * Run it once for each release, from the released code, and add what it wrote: workflows that were started by a release go on under the next one.
 * Earlier versions' files stay for as long as their workflows may still run. To record another situation, add it to `situations`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createRig, eventually, type Rig, type Subscribed } from '../test/support/sluice.js';
import { stopSharedPostgres } from '../test/support/postgres.js';
import { stopSharedTemporal } from '../test/support/temporal.js';

const ownName = `${process.pid}@${hostname()}`;
const folder = new URL('../test/replay/histories/', import.meta.url);

/** What one subscription goes through, and the names of the syncs that it makes on the way, in their order. */
const situations: readonly { readonly sync: string; readonly play: (rig: Rig, people: Subscribed) => Promise<unknown> }[] = [
  { sync: 'first', play: (_rig, people) => people.sync() },
  { sync: 'unchanged', play: (_rig, people) => people.sync() },
  {
    sync: 'partly-refused',
    play: async ({ receiver, database }, people) => {
      await database.query(`UPDATE ${people.table} SET name = 'changed'; DELETE FROM ${people.table} WHERE id = 1`);
      receiver.refuseRecord = (record) => (record.__segment_id === '2' ? 'no' : null);
      await people.sync();
      receiver.refuseRecord = () => null;
    },
  },
  {
    sync: 'destination-down',
    play: async ({ receiver }, people) => {
      receiver.next({ kind: 'answer', status: 503 }, 1_000);
      await people.sync();
      receiver.endScript();
    },
  },
  {
    sync: 'canceled',
    play: async ({ receiver, database, client }, people) => {
      await database.query(`UPDATE ${people.table} SET name = 'again'`);
      receiver.next({ kind: 'delay', ms: 200 }, 1_000);
      const before = receiver.requests.length;
      const request = await people.request();
      await eventually('it loads', () => receiver.requests.length > before);
      await client.cancelSync(people.id);
      await client.waitForSync(people.id, request);
      receiver.endScript();
    },
  },
  {
    sync: 'requested-while-syncing',
    play: async ({ receiver, client }, people) => {
      receiver.next({ kind: 'delay', ms: 500 }, 2);
      await people.request();
      const request = await people.request();
      await client.waitForSync(people.id, request);
    },
  },
  {
    sync: 'after-pause-and-configuration',
    play: async ({ client, configuration }, people) => {
      await client.pause(people.id);
      await client.requestSync(people.id);
      await client.resume(people.id);
      await client.apply({ ...configuration, subscriptions: { [people.id]: { ...people.subscription, schedule: { kind: 'interval', everyMs: 3_600_000 } } } });
      await people.sync();
    },
  },
];

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

async function record({ temporal }: Rig, workflowId: string, what: string): Promise<void> {
  const history = JSON.parse(historyToJSON(await temporal.workflow.getHandle(workflowId).fetchHistory()), withoutPlace) as unknown;
  await writeFile(new URL(`${version}-${what}.json`, folder), `${JSON.stringify(history)}\n`);
  console.error(`recorded ${version}-${what}.json`);
}

/** Identities and the names of sticky queues hold a process and a host, and stacks hold paths, which nobody needs to know. Replay looks at none of them. */
function withoutPlace(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return key === 'stackTrace' ? '' : value.replaceAll(ownName, 'recorder');
}

const rig = await createRig({ destination: { batchSize: 50, concurrency: 2, giveUpAfterMs: 500, timeoutMs: 1_000 } });
try {
  await rig.startWorker();
  const people = await rig.subscribe(1_000);
  for (const [index, { sync, play }] of situations.entries()) {
    await play(rig, people);
    const numbers = await rig.database.query<{ number: number }>(`SELECT number::int FROM __segment_reverse_etl.syncs_${people.id} ORDER BY number DESC LIMIT 1`);
    await record(rig, `sync/${people.id}/${numbers.rows[0]?.number ?? index}`, `sync-run-${sync}`);
  }
  await record(rig, `sync/${people.id}`, 'subscription');
  await record(rig, `quota/${rig.configuration.workspace.id}`, 'quota');
} finally {
  await rig.stop();
  await Promise.all([stopSharedPostgres(), stopSharedTemporal()]);
}

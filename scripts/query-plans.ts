/**
 * Writes docs/query-plans.md: the plan of every statement whose cost grows with the model, as PostgreSQL ran it, on a server of its own that is removed afterwards.
 * `npx tsx scripts/query-plans.ts --rows 10000000` takes some ten minutes and 30 GB of disk; without `--rows`, at a smaller size, a few seconds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { customersTo, stateSchema } from '../bench/configuration.js';
import { Customers } from '../bench/extract/customers.js';
import { serverFlags } from '../bench/machine.js';
import { startPostgres } from '../src/devserver/postgres.js';
import type { Subscription } from '../src/domain/subscription.js';
import { createPostgresWarehouse } from '../src/warehouses/postgres/index.js';
import type { RecordOutcome, Warehouse } from '../src/warehouses/warehouse.js';
import { explained, type Explained } from './query-plans/explained.js';

const defaultRows = 200_000;
const planFlags = [
  ...['shared_preload_libraries=auto_explain', 'auto_explain.log_min_duration=0'],
  ...['auto_explain.log_analyze=on', 'auto_explain.log_buffers=on', 'auto_explain.log_timing=off'],
  ...['logging_collector=on', 'log_destination=jsonlog', 'log_rotation_size=0'],
];

/** What one sync does, and which of its statements are shown. */
interface Situation {
  readonly title: string;
  readonly prepare?: (customers: Customers) => Promise<unknown>;
  readonly subscription: Subscription;
  /** Of the records found, this part is granted. */
  readonly granted?: number;
  readonly shown: readonly Explained[];
}

const plain = customersTo('select * from customers');
const withTimestamp: Subscription = {
  ...customersTo('select * from customers', null, 'recent_to_crm'),
  model: { ...plain.model, timestamp: { column: 'updated_at', lookbackMs: 0, fullDiffEveryMs: 86_400_000 } },
};
const once = customersTo('select * from customers', null, 'twice_to_crm');
const twice = customersTo('select * from customers union all select * from customers where id = 3', null, 'twice_to_crm');

const situations: readonly Situation[] = [
  { title: 'The first sync: everything is new', subscription: plain, shown: [explained.deltaOfAll, explained.intent, explained.read, explained.fill] },
  {
    title: 'A later sync: 1.2% has changed',
    prepare: (customers) => customers.change(),
    subscription: plain,
    shown: [
      ...[explained.past, explained.deltaCounted, explained.reject, explained.intent, explained.read],
      ...[explained.remove, explained.upsert, explained.forgive, explained.blame],
    ],
  },
  {
    title: 'A quota that cuts a sync off',
    prepare: (customers) => customers.change(),
    subscription: plain,
    granted: 0.5,
    shown: [explained.trim, explained.readCut],
  },
  { title: 'A model in which a row that did not change is now there twice', subscription: twice, shown: [explained.duplicates] },
  { title: 'A timestamp column: only what is recent is compared', prepare: (customers) => customers.change(), subscription: withTimestamp, shown: [explained.deltaRecent] },
];

const rows = Number(parseArgs({ options: { rows: { type: 'string', default: String(defaultRows) } } }).values.rows);
if (!Number.isSafeInteger(rows) || rows < 1_000) throw new Error('--rows takes a whole number from 1000 on');
const folder = await mkdtemp(join(tmpdir(), 'sluice-plans-'));
const flags = [...serverFlags, ...planFlags].flatMap((flag) => ['-c', flag]);
const server = await startPostgres({ dataFolder: folder, flags, log: (line) => console.error(line) });
try {
  await writeFile('docs/query-plans.md', await describePlans(server.url));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function describePlans(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const customers = await Customers.create(url, rows);
  const settings = { url, stateSchema, maxRecordsPerSync: 150_000_000, statementTimeoutMs: 6 * 3_600_000, maxConcurrentDiffs: 1 };
  const warehouse = createPostgresWarehouse('warehouse', settings);
  const sections: string[] = [];
  try {
    for (const subscription of [once, withTimestamp]) await runSync(warehouse, subscription);
    for (const { title, prepare, subscription, granted, shown } of situations) {
      await prepare?.(customers);
      const from = await logLength(client);
      await runSync(warehouse, subscription, granted);
      const plans = await readPlans(client, from);
      sections.push(`## ${title}`, ...shown.map((statement) => section(statement, plans)));
    }
    const version = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
    return `${introduction(version.rows[0]?.version ?? '')}\n\n${sections.join('\n\n')}\n`;
  } finally {
    await warehouse.close();
    await customers.drop();
    await client.end();
  }
}

/** One whole sync; one record in a hundred is refused. */
async function runSync(warehouse: Warehouse, subscription: Subscription, granted = 1): Promise<void> {
  const requestKey = String(process.hrtime.bigint());
  const opened = await warehouse.openSync({ subscription, owner: 'plans', destinationIdentity: 'crm', trigger: 'manual', requestKey });
  if (opened.kind !== 'opened') throw new Error('an earlier sync is still open');
  const { sync } = opened;
  const signal = new AbortController().signal;
  const diff = await warehouse.diffModel({ sync, subscription, attempt: 1, chunking: { batchSize: 500, concurrency: 4 }, full: false }, signal);
  await warehouse.takeGrant(sync, Math.floor(diff.toSend * granted), 1);
  const chunks = new Map<number, number>();
  const refused = new Map<number, RecordOutcome[]>();
  for await (const { chunk, events, ends } of warehouse.readDelta({ sync, subscription, batchSize: 500 }, signal)) {
    chunks.set(chunk, (chunks.get(chunk) ?? 0) + ends.length);
    const ids = [...events.toString('utf8').matchAll(/"__segment_id":"(\d*00)"/g)].map((match) => match[1] ?? '');
    refused.set(chunk, [...(refused.get(chunk) ?? []), ...ids.map((recordId) => ({ recordId, outcome: 'failed', reason: 'no such plan' }) as const)]);
  }
  await warehouse.registerChunks(sync, [...chunks].map(([chunk, records]) => ({ chunk, records, file: 'none', sha256: 'none' })));
  for (const [chunk, records] of chunks) {
    const outcomes = refused.get(chunk) ?? [];
    await warehouse.acquireChunk(sync, chunk, 'plans', 60_000);
    await warehouse.finishChunk(sync, chunk, 'plans', { succeeded: records - outcomes.length, failed: outcomes.length, notSent: 0 }, streamOf(outcomes));
  }
  const fenced = await warehouse.fenceSync(sync);
  await warehouse.settleSync(fenced.sync, null);
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function logLength(client: pg.Client): Promise<number> {
  const found = await client.query<{ bytes: string }>(`SELECT size AS bytes FROM pg_stat_file(pg_current_logfile('jsonlog'))`);
  return Number(found.rows[0]?.bytes);
}

/** The server's log from a byte on: a message for each statement, with its text and its plan. Waits for the log's writer. */
async function readPlans(client: pg.Client, from: number): Promise<readonly string[]> {
  const mark = `mark ${process.hrtime.bigint()}`;
  await client.query(`SELECT '${mark}'`);
  for (;;) {
    const found = await client.query<{ log: string }>(
      `SELECT convert_from(pg_read_binary_file(pg_current_logfile('jsonlog'), $1, 1000000000), 'UTF8') AS log`,
      [from],
    );
    const lines = (found.rows[0]?.log ?? '').split('\n').filter((line) => line.endsWith('}'));
    const messages = lines.map((line) => (JSON.parse(line) as { readonly message: string }).message);
    if (messages.some((message) => message.includes(`'${mark}'`))) return messages.filter((message) => message.includes(' plan:\n'));
  }
}

function section({ title, statement, look }: Explained, plans: readonly string[]): string {
  const found = plans.find((plan) => statement.test(plan));
  if (found === undefined) throw new Error(`no statement was run that is: ${title}`);
  const nodes = found.slice(found.search(/^\S[^\n]*\(cost=/m)).split('\n');
  const bare = nodes.map((line) => line.replace(/\(cost=[^)]*\) /, '').replace(/\.00 loops/, ' loops').trimEnd());
  const short = bare.map((line) => (line.length > 150 ? `${line.slice(0, 149)}…` : line));
  return `### ${title}\n\n${look}\n\n\`\`\`\n${short.join('\n')}\n\`\`\``;
}

function introduction(version: string): string {
  return `# Query plans

The plan of every statement whose cost grows with the model, as PostgreSQL ${version} ran it (EXPLAIN ANALYZE, BUFFERS, without times and estimates) in whole syncs of ${rows.toLocaleString('en')}
customers with 12 columns. \`npx tsx scripts/query-plans.ts --rows ${rows}\` makes this page anew.

Signs of trouble, in any of them: a node with \`loops\` in the thousands over a large table, a sort or hash whose batches or disk use grow faster than the rows, a plan without workers
where the model's own query would have some. No plan may depend on statistics of the delta or the intent: both are fresh tables that nobody has analyzed.`;
}

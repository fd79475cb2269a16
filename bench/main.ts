/**
 * `npm run bench`: measures Sluice beside hand-written floors, on its own PostgreSQL, keeps the figures in bench/results and writes docs/benchmarks.md from all that are there.
 * `--rows N` (may be repeated; a million, and five for webhook), `--runs N`, `--only extract|webhook|delivery|memory|overhead|quota|worker` (may be repeated), `--warehouse postgres|duckdb|snowflake` (may be repeated; for worker, which is measured only when asked for: it needs Linux, and for Snowflake Python), `--peers` (installs dbt and drt from PyPI and measures them on the same data),
 * `--report` (measures nothing).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startPostgres } from '../src/devserver/postgres.js';
import { measureLoadMemory } from './delivery/memory.js';
import { measureDelivery, measureWebhook } from './delivery/run.js';
import { installDbt } from './extract/dbt.js';
import { installDrt } from './extract/drt.js';
import { measureExtract } from './extract/run.js';
import { describeMachine, serverFlags } from './machine.js';
import { Meter } from './meter.js';
import { readOptions, type Options } from './options.js';
import { measureOverhead } from './overhead.js';
import { measureQuota } from './quota.js';
import { asDocument, sectionsOf } from './report/document.js';
import { asText } from './report/section.js';
import { keep, readResults, type Measured } from './results.js';
import { measureWorkers } from './worker/run.js';

const log = (line: string): void => {
  console.error(line);
};

const options = optionsOrExit();
const folder = resolve('.sluice/bench');
if (!options.report) await measureAll();
await writeFile('docs/benchmarks.md', asDocument(await readResults()));

async function measureAll(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const server = await startPostgres({ dataFolder: resolve(folder, 'warehouse'), flags: serverFlags.flatMap((flag) => ['-c', flag]), log });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130)); // the servers end with this process
  try {
    const how = { command: commandOf(options), machine: await describeMachine(server.url) };
    for await (const measured of measure(server.url)) {
      await keep({ ...measured, ...how });
      for (const section of sectionsOf([{ ...measured, ...how }])) console.log(asText(section));
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* measure(databaseUrl: string): AsyncGenerator<Measured> {
  const meter = await Meter.connect(databaseUrl);
  const common = { databaseUrl, folder, runs: options.runs, log };
  const [rows = 1_000_000, ...larger] = options.rows;
  const sizes = [rows, ...larger];
  // At a million a load takes half a second, and one moment of the machine's would decide.
  const webhookRows = options.rows.at(-1) ?? 5_000_000;
  try {
    if (options.parts.includes('extract')) {
      const peers = options.peers ? [await installDbt(folder, databaseUrl), await installDrt(folder, databaseUrl)] : [];
      for (const size of sizes) yield { part: 'extract', measurement: await measureExtract(meter, { ...common, rows: size, peers }) };
    }
    if (options.parts.includes('webhook')) yield { part: 'webhook', measurement: await measureWebhook(meter, { ...common, rows: webhookRows }) };
    if (options.parts.includes('delivery')) yield { part: 'delivery', measurement: await measureDelivery(meter, { ...common, rows }) };
    if (options.parts.includes('memory')) yield { part: 'memory', measurement: await measureLoadMemory({ ...common, rows: sizes }) };
    // Last, because a worker's bundler leaves this process large.
    if (options.parts.includes('overhead')) yield { part: 'overhead', measurement: await measureOverhead({ ...common, runs: 50 }) };
    if (options.parts.includes('quota')) yield { part: 'quota', measurement: await measureQuota({ ...common, runs: 50 }) };
    if (options.parts.includes('worker')) yield { part: 'worker', measurement: await measureWorkers({ ...common, rows, warehouses: options.warehouses }) };
  } finally {
    await meter.close();
  }
}

function commandOf({ rows, runs, peers, parts, warehouses }: Options): string {
  const of = parts.includes('worker') ? warehouses.map((name) => ` --warehouse ${name}`).join('') : '';
  return `npm run bench -- ${parts.map((part) => `--only ${part}`).join(' ')}${rows.map((count) => ` --rows ${count}`).join('')} --runs ${runs}${of}${peers ? ' --peers' : ''}`;
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

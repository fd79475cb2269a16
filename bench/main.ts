/**
 * `npm run bench`: measures Sluice beside hand-written floors, on its own PostgreSQL, and writes docs/benchmarks.md.
 * `--rows N` (may be repeated), `--runs N`, `--only extract|delivery|overhead` (may be repeated; then nothing is written), `--peers`
 * (installs dbt from PyPI and measures its snapshot on the same data).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startPostgres } from '../src/devserver/postgres.js';
import { measureDelivery } from './delivery/run.js';
import { installDbt } from './extract/dbt.js';
import { measureExtract, type ExtractMeasurement } from './extract/run.js';
import { describeMachine, serverFlags } from './machine.js';
import { Meter } from './meter.js';
import { parts, readOptions, type Options } from './options.js';
import { measureOverhead } from './overhead.js';
import { deliverySection } from './report/delivery.js';
import { asDocument } from './report/document.js';
import { extractSection } from './report/extract.js';
import { growthSection } from './report/growth.js';
import { overheadSection } from './report/overhead.js';
import { peersSection } from './report/peers.js';
import { asText, type Section } from './report/section.js';

const log = (line: string): void => {
  console.error(line);
};

const options = optionsOrExit();
const folder = resolve('.sluice/bench');
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const server = await startPostgres({ dataFolder: resolve(folder, 'warehouse'), flags: serverFlags.flatMap((flag) => ['-c', flag]), log });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130)); // the servers end with this process
try {
  const sections = await measure(server.url);
  for (const section of sections) console.log(asText(section));
  if (options.parts.length < parts.length) log(`docs/benchmarks.md stays as it is: only ${options.parts.join(', ')} was measured`);
  else await writeFile('docs/benchmarks.md', asDocument(await describeMachine(server.url), commandOf(options), sections));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(databaseUrl: string): Promise<readonly Section[]> {
  const meter = await Meter.connect(databaseUrl);
  const common = { databaseUrl, folder, runs: options.runs, log };
  const sections: Section[] = [];
  try {
    if (options.parts.includes('extract')) {
      const peers = options.peers ? [await installDbt(folder, databaseUrl)] : [];
      const measured: ExtractMeasurement[] = [];
      for (const rows of options.rows) measured.push(await measureExtract(meter, { ...common, rows, peers }));
      sections.push(...measured.map(extractSection), ...[growthSection(measured), ...measured.map(peersSection)].filter((section) => section !== null));
    }
    if (options.parts.includes('delivery')) sections.push(deliverySection(await measureDelivery(meter, { ...common, rows: options.rows[0] ?? 0 })));
    // Last, because a worker's bundler leaves this process large.
    if (options.parts.includes('overhead')) sections.push(overheadSection(await measureOverhead({ ...common, runs: 50 })));
    return sections;
  } finally {
    await meter.close();
  }
}

function commandOf({ rows, runs, peers }: Options): string {
  return `npm run bench -- ${rows.map((count) => `--rows ${count}`).join(' ')} --runs ${runs}${peers ? ' --peers' : ''}`;
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../../src/errors/errors.js';
import { asWarehouseError } from '../../../src/warehouses/duckdb/errors.js';
import { createDuckdbWarehouse } from '../../../src/warehouses/duckdb/index.js';
import type { Warehouse } from '../../../src/warehouses/warehouse.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const never = new AbortController().signal;

/** DuckDB's checksum over the words of a block is their XOR, each multiplied by this. */
const word = (value: bigint): bigint => BigInt.asUintN(64, value * 0xbf58476d1ce4e5b9n);

/** Makes a file one of another storage version, its header's checksum included. */
async function setStorageVersion(file: string, version: bigint): Promise<void> {
  const handle = await open(file, 'r+');
  const header = Buffer.alloc(24);
  await handle.read(header, 0, 24, 0);
  const words = (): bigint => word(header.readBigUInt64LE(8)) ^ word(header.readBigUInt64LE(16));
  const before = words();
  header.writeBigUInt64LE(version, 12);
  header.writeBigUInt64LE(header.readBigUInt64LE(0) ^ before ^ words(), 0);
  await handle.write(header, 0, 24, 0);
  await handle.close();
}

/** Root may write whatever it likes; so for the time of `work` it is somebody else. */
async function withoutRoot<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('a DuckDB file', function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;
  let file: string;
  const opened: Warehouse[] = [];
  const warehouse = (path: string, memoryLimit: string | null = '100MB'): Warehouse => {
    const limits = { stateSchema: 'state', maxRecordsPerSync: 1_000, statementTimeoutMs: 10_000, maxConcurrentDiffs: 1 };
    const made = createDuckdbWarehouse('shop', { path, token: null, memoryLimit, threads: 1, ...limits });
    opened.push(made);
    return made;
  };
  const describeOne = (path: string) => warehouse(path).describeModel('select 1 as id');

  before(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'shop.duckdb');
    (await DuckDBInstance.create(file)).closeSync();
  });
  afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));
  after(() => folder.remove());

  it('that is not there is refused, and none is made', async () => {
    await assert.rejects(describeOne(join(folder.path, 'nowhere.duckdb')), (error) => error instanceof WarehouseRefusedError && /"shop": there is no file .*nowhere\.duckdb/.test(error.message));
  });

  it('that is none is refused', async () => {
    const other = join(folder.path, 'text.duckdb');
    await writeFile(other, 'a text that is no database '.repeat(1_000));
    await assert.rejects(describeOne(other), (error) => error instanceof WarehouseRefusedError && error.message.includes('no DuckDB database'));
  });

  for (const version of [9_999n, 30n]) {
    it(`of storage version ${version} is refused, and never upgraded`, async () => {
      const other = join(folder.path, `version-${version}.duckdb`);
      await copyFile(file, other);
      await setStorageVersion(other, version);
      await assert.rejects(describeOne(other), (error) => error instanceof WarehouseRefusedError && error.message.includes(`storage version ${version}`) && error.message.includes('EXPORT DATABASE'));
    });
  }

  it('that another process has open is waited for', async () => {
    const holder = spawn(process.execPath, ['-e', `require('@duckdb/node-api').DuckDBInstance.create(process.argv[1]).then(() => { console.log('open'); setInterval(() => {}, 1000); })`, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    const waiting = describeOne(file);
    setTimeout(() => holder.kill(), 1_000);
    assert.equal((await waiting).length, 1);
  });

  it('that stays with another process is said to be in use, and by which', () => {
    const error = asWarehouseError('shop', new Error(`IO Error: Could not set lock on file "${file}": Conflicting lock is held in /usr/bin/duckdb (PID 4711). See also …`));
    assert.ok(error instanceof WarehouseUnavailableError && error.message.includes('another process (4711) has the file open'));
  });

  it('is let go of for another process when the warehouse is closed', async () => {
    const one = warehouse(file);
    await one.describeModel('select 1 as id');
    await one.close();
    const other = spawn(process.execPath, ['-e', `require('@duckdb/node-api').DuckDBInstance.create(process.argv[1]).then(() => process.exit(0), () => process.exit(1))`, file]);
    assert.deepEqual(await once(other, 'exit'), [0, null]);
  });

  it('that may only be read is what a check names', async () => {
    const protectedFile = join(folder.path, 'protected.duckdb');
    await copyFile(file, protectedFile);
    await chmod(protectedFile, 0o444);
    await chmod(folder.path, 0o755);
    const [opening] = await withoutRoot(() => warehouse(protectedFile).checkAccess([], never));
    assert.match(opening?.problem ?? '', /may not read and write the file/);
  });

  it('in a folder that may not be written is what a check names', async () => {
    const shelf = join(folder.path, 'shelf');
    await mkdir(shelf);
    const onShelf = join(shelf, 'shop.duckdb');
    await copyFile(file, onShelf);
    await chmod(onShelf, 0o666);
    await chmod(shelf, 0o555);
    await chmod(folder.path, 0o755);
    const items = await withoutRoot(() => warehouse(onShelf).checkAccess([], never));
    const problems = items.flatMap(({ problem }) => problem ?? []);
    assert.ok(problems.some((problem) => problem.includes(`the folder ${shelf} cannot be written`)), JSON.stringify(items));
  });

  it('may take more memory when a model can\'t do with little, unless the settings name a limit', async () => {
    const columns = Array.from({ length: 120 }, (_, column) => `'the text of column ${column} in row ' || range AS c${column}`);
    const model = { name: 'wide', source: 'shop', query: `SELECT range AS id, ${columns.join(', ')} FROM range(2100)`, identifier: 'id', timestamp: null };
    const about = { enabled: true, destination: 'crm', syncMode: 'mirror', schedule: { kind: 'manual' }, mapping: null, nullValues: 'send', initialSync: 'send', continueImmediately: false } as const;
    const diff = async (limit: string | null) => {
      const one = warehouse(file, limit);
      const answer = await one.dryRun({ id: 'wide_to_crm', model, ...about }, false, never);
      await one.close(); // the next may open it with a limit of its own
      return answer.extracted.added;
    };
    await assert.rejects(diff('64MB'), (error) => error instanceof WarehouseRefusedError && error.message.includes('set memoryLimit to more'));
    await Promise.all(opened.splice(0).map((one) => one.close()));
    assert.equal(await diff(null), 2100);
  });

  it('and its folder are what the check looks at, and what the grants name', async () => {
    const items = await warehouse(file).checkAccess([], never);
    assert.deepEqual(items.map(({ problem }) => problem), [null, null, null]);
    const missing = await warehouse(join(folder.path, 'nowhere.duckdb')).checkAccess([], never);
    assert.match(missing[0]?.problem ?? '', /there is no file/);
    const grants = (await warehouse(file).grants([], never)).join('\n');
    assert.ok(grants.includes(file) && grants.includes(folder.path));
  });
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client, Connection } from '@temporalio/client';
import pg from 'pg';

import { searchAttributes } from '../../src/contract/search-attributes.js';
import { startPostgres } from '../../src/devserver/postgres.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { findTemporal, startTemporal } from '../../src/devserver/temporal.js';
import { RefusedError, TemporalUnavailableError } from '../../src/errors/errors.js';
import { freshDatabase, testPostgres } from '../support/postgres.js';
import { listeningAddresses, processesNaming } from '../support/processes.js';
import { freshNamespace, testClient, testServer } from '../support/temporal.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const quiet = (): void => undefined;

async function queryOne(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: unknown }>(statement);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}

describe('the devserver room', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder.remove());

  describe('PostgreSQL', () => {
    it('finds the data of the first start, and takes the same password', async () => {
      const first = await startPostgres({ dataFolder: folder.path, log: quiet });
      await queryOne(first.url, 'create table kept as select 42 as value');
      await first.stop();
      const second = await startPostgres({ dataFolder: folder.path, log: quiet });
      assert.equal(await queryOne(second.url, 'select value from kept'), 42);
      assert.equal(new URL(second.url).password, new URL(first.url).password);
      await second.stop();
      assert.deepEqual(await processesNaming(folder.path), []);
    });

    it('starts after a crash, even when its old process number belongs to someone else', async () => {
      const first = await startPostgres({ dataFolder: folder.path, log: quiet });
      await queryOne(first.url, 'create table kept as select 42 as value');
      const lock = await readFile(join(folder.path, 'data', 'postmaster.pid'), 'utf8');
      process.kill(Number(lock.split('\n')[0]), 'SIGKILL');
      await first.stop();
      await writeFile(join(folder.path, 'data', 'postmaster.pid'), lock.replace(/^\d+/, String(process.pid)));
      const second = await startPostgres({ dataFolder: folder.path, log: quiet });
      assert.equal(await queryOne(second.url, 'select value from kept'), 42);
      await second.stop();
    });

    it('is UTF-8 with locale C, and lets nobody in without the password', async () => {
      const { url } = await testPostgres();
      const setting = (name: string): Promise<unknown> => queryOne(url, `select current_setting('${name}') as value`);
      assert.equal(await setting('server_encoding'), 'UTF8');
      assert.equal(await queryOne(url, `select datcollate || ' ' || datctype as value from pg_database where datname = 'postgres'`), 'C C');
      const wrong = new URL(url);
      wrong.password = 'wrong';
      await assert.rejects(queryOne(wrong.href, 'select 1 as value'), /password authentication failed/);
    });

    it('keeps its password out of the log and from other users', async () => {
      const lines: string[] = [];
      const server = await startPostgres({ dataFolder: folder.path, log: (line) => lines.push(line) });
      await server.stop();
      assert.ok(lines.length > 0);
      assert.ok(!lines.join('\n').includes(new URL(server.url).password));
      assert.equal((await stat(join(folder.path, 'password'))).mode & 0o077, 0);
    });

    it('refuses a port that is taken, by name', async () => {
      const port = Number(new URL((await testPostgres()).url).port);
      await assert.rejects(startPostgres({ dataFolder: folder.path, port, log: quiet }), (error) => {
        assert.ok(error instanceof RefusedError);
        assert.match(error.message, new RegExp(`port ${port} .*PostgreSQL`));
        return true;
      });
    });
  });

  describe('Temporal', () => {
    it('finds the workflows of the first start', async () => {
      const stateFile = join(folder.path, 'state', 'temporal.db');
      const options = { stateFile, port: 0, headless: true, cacheFolder: defaultCacheFolder(), log: quiet };
      const first = await startTemporal(options);
      await withClient(first.address, (client) => client.workflow.start('any', { workflowId: 'kept', taskQueue: 'none' }));
      await first.stop();
      const second = await startTemporal(options);
      const found = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
      assert.equal(found.status.name, 'RUNNING');
      await second.stop();
      assert.deepEqual(await processesNaming(folder.path), []);
    });

    it('refuses a port that is taken, by name', async () => {
      const port = Number((await testServer()).address.split(':')[1]);
      await assert.rejects(startTemporal({ port, headless: true, cacheFolder: defaultCacheFolder(), log: quiet }), (error) => {
        assert.ok(error instanceof RefusedError);
        assert.match(error.message, new RegExp(`port ${port} .*Temporal`));
        return true;
      });
    });

    it('shows its last output when it ends at once', async () => {
      const options = { port: 0, headless: true, cacheFolder: defaultCacheFolder(), log: quiet, extraArgs: ['--no-such-flag'] };
      await assert.rejects(
        startTemporal(options),
        (error) => error instanceof TemporalUnavailableError && error.message.includes('no-such-flag'),
      );
    });

    it('is the running server when TEMPORAL_ADDRESS names one, and says so when that does not answer', async () => {
      const { address } = await testServer();
      const found = await findTemporal(quiet, { TEMPORAL_ADDRESS: address });
      assert.deepEqual([found?.address, found?.namespace], [address, 'default']);
      assert.equal(await findTemporal(quiet, {}), null);
      const nobody = '127.0.0.1:1';
      await assert.rejects(
        findTemporal(quiet, { TEMPORAL_ADDRESS: nobody }),
        (error) => error instanceof TemporalUnavailableError && error.message.includes(nobody),
      );
    });
  });

  describe('both, started by a process', () => {
    let parent: ChildProcess;

    beforeEach(async () => {
      const program = fileURLToPath(new URL('../support/programs/devserver.ts', import.meta.url));
      parent = spawn(process.execPath, ['--import', 'tsx', program, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] });
      assert.ok(parent.stdout);
      await once(createInterface(parent.stdout), 'line');
    });
    afterEach(() => parent.kill('SIGKILL'));

    it('listen on loopback only', async function () {
      if (process.platform !== 'linux') return this.skip();
      const addresses = await listeningAddresses((await processesNaming(folder.path)).map(({ pid }) => pid));
      assert.ok(addresses.length >= 3, 'PostgreSQL, Temporal and its Web UI listen');
      const loopbackAddress = '0100007F'; // 127.0.0.1, as /proc/net/tcp has it
      assert.deepEqual(addresses.filter((address) => !address.startsWith(`${loopbackAddress}:`)), []);
    });

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      it(`end with it when it gets ${signal}`, async () => {
        const servers = (await processesNaming(folder.path)).map(({ command }) => command);
        assert.ok(servers.some((command) => command.includes('postgres -D')), 'PostgreSQL runs');
        assert.ok(servers.some((command) => command.includes('temporal server')), 'Temporal runs');
        parent.kill(signal);
        await once(parent, 'exit');
        const deadline = performance.now() + 8_000;
        while ((await processesNaming(folder.path)).length > 0 && performance.now() < deadline) await sleep(50);
        assert.deepEqual(await processesNaming(folder.path), []);
      });
    }
  });
});

describe('the shared servers of a test run', () => {
  it('give each test a database of its own', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()];
    await queryOne(one.url, 'create table mine as select 1 as value');
    assert.equal(await queryOne(other.url, `select to_regclass('mine') as value`), null);
    await Promise.all([one.drop(), other.drop()]);
    await assert.rejects(queryOne(one.url, 'select 1 as value'), /does not exist/);
  });

  it('give a test file a namespace of its own that takes Sluice\'s search attributes', async () => {
    const client = await testClient(await freshNamespace());
    const typedSearchAttributes = [{ key: searchAttributes.status, value: 'in_progress' }];
    await client.workflow.start('any', { workflowId: 'mine', taskQueue: 'none', typedSearchAttributes });
    const shared = await testClient();
    await assert.rejects(shared.workflow.getHandle('mine').describe(), /not found/i);
  });
});

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

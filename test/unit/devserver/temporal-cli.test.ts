import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { defaultCacheFolder, findTemporalCli, temporalCliVersion } from '../../../src/devserver/temporal-cli.js';
import type { CliFetcher } from '../../../src/devserver/temporal-fetch.js';
import { RefusedError } from '../../../src/errors/errors.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

/** A program that answers --version as the Temporal CLI does. */
async function program(path: string, says = `temporal version ${temporalCliVersion} (Server 1.32.0, UI 2.54.1)`): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

describe('finding the Temporal CLI', () => {
  let folder: TemporaryFolder;
  let lines: string[];
  const inFolder = (...parts: string[]): string => join(folder.path, ...parts);
  const cached = (): string => inFolder('cache', `temporal-${temporalCliVersion}`, 'bin', 'temporal');
  const find = (env: NodeJS.ProcessEnv, ...fetchers: CliFetcher[]): Promise<string> =>
    findTemporalCli({ cacheFolder: inFolder('cache'), env: { PATH: inFolder('bin'), ...env }, fetchers, log: (line) => lines.push(line) });

  beforeEach(async () => {
    folder = await temporaryFolder();
    lines = [];
  });
  afterEach(() => folder.remove());

  it('prefers TEMPORAL_CLI_PATH to the PATH, and the PATH to the cache', async () => {
    const configured = await program(inFolder('mine', 'temporal-cli'));
    const onPath = await program(inFolder('bin', 'temporal'));
    await program(cached());
    assert.equal(await find({ TEMPORAL_CLI_PATH: configured }), configured);
    assert.equal(await find({}), onPath);
    assert.equal(await find({ PATH: inFolder('elsewhere') }), cached());
  });

  it('looks through the folders of the PATH in their order', async () => {
    const second = await program(inFolder('second', 'temporal'));
    await program(inFolder('third', 'temporal'));
    assert.equal(await find({ PATH: ['first', 'second', 'third'].map((name) => inFolder(name)).join(':') }), second);
  });

  it('goes on, and says why, when what TEMPORAL_CLI_PATH names is not there', async () => {
    const onPath = await program(inFolder('bin', 'temporal'));
    assert.equal(await find({ TEMPORAL_CLI_PATH: inFolder('missing') }), onPath);
    assert.match(lines.join('\n'), /TEMPORAL_CLI_PATH .*missing: no such file/);
  });

  for (const [says, why] of [
    ['temporal version 1.1.2 (Server 1.25.0)', /1\.1\.2 is older than 1\.9/],
    ['another program', /is not the Temporal CLI/],
  ] as const) {
    it(`passes over a program that says "${says}"`, async () => {
      await program(inFolder('bin', 'temporal'), says);
      await program(cached());
      assert.equal(await find({}), cached());
      assert.match(lines.join('\n'), why);
    });
  }

  it('fetches once, and finds the program in the cache from then on', async () => {
    let fetched = 0;
    const fetcher: CliFetcher = {
      name: 'a download',
      async fetch(into) {
        fetched += 1;
        await program(join(into, 'bin', 'temporal'));
      },
    };
    assert.equal(await find({}, fetcher), cached());
    assert.equal(await find({}, fetcher), cached());
    assert.equal(fetched, 1);
  });

  it('keeps nothing of a fetched program that does not run or has another version, and tries the next way', async () => {
    const broken: CliFetcher = { name: 'broken', fetch: (into) => mkdir(join(into, 'bin')).then(() => undefined) };
    const wrong: CliFetcher = {
      name: 'wrong',
      async fetch(into) {
        await program(join(into, 'bin', 'temporal'), 'temporal version 1.99.0');
      },
    };
    const failure: unknown = await find({}, broken, wrong).catch((error: unknown) => error);
    assert.ok(failure instanceof RefusedError);
    assert.match(failure.message, /broken: no such file/);
    assert.match(failure.message, /wrong: brought version 1\.99\.0/);
    assert.deepEqual(await readdir(inFolder('cache')), []);
  });

  it('lists everything it tried, and what to do, when all fails', async () => {
    const offline: CliFetcher = { name: 'the download', fetch: () => Promise.reject(new Error('can\'t be reached')) };
    const failure: unknown = await find({}, offline).catch((error: unknown) => error);
    assert.ok(failure instanceof RefusedError);
    const tried = ['TEMPORAL_CLI_PATH: not set', 'PATH: has no "temporal"', 'nothing there', 'the download: can\'t be reached'];
    for (const part of [...tried, 'TEMPORAL_ADDRESS']) {
      assert.ok(failure.message.includes(part), `${part} is missing in:\n${failure.message}`);
    }
  });

  it('keeps fetched programs where SLUICE_CACHE says, or else in the user\'s cache folder', () => {
    assert.equal(defaultCacheFolder({ SLUICE_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
    assert.equal(defaultCacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/sluice');
    assert.match(defaultCacheFolder({}), /\.cache\/sluice$/);
  });
});

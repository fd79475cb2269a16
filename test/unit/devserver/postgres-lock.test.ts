import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { clearStaleLock } from '../../../src/devserver/postgres-lock.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

describe('the lock file of a PostgreSQL that crashed', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder.remove());

  it('goes when its process number belongs to a stranger by now', async () => {
    await writeFile(join(folder.path, 'postmaster.pid'), `${process.pid}\n${folder.path}\n`);
    await clearStaleLock(folder.path);
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('need not be there', async () => {
    await clearStaleLock(folder.path);
    assert.deepEqual(await readdir(folder.path), []);
  });
});

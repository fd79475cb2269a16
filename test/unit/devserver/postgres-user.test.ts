import assert from 'node:assert/strict';
import { chown, mkdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { mayEnter, postgresHome, systemFolder } from '../../../src/devserver/postgres-user.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const isRoot = process.getuid?.() === 0;

describe('the home of PostgreSQL', () => {
  let folder: TemporaryFolder;
  let data: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    data = join(folder.path, 'closed', 'data');
  });
  afterEach(() => folder.remove());

  it('is the folder that was asked for, and the current user, unless that is root', async function () {
    if (isRoot) return this.skip();
    assert.deepEqual(await postgresHome(data), { folder: data, user: null });
  });

  describe('as root', () => {
    before(function () {
      if (!isRoot) this.skip();
    });

    it('is the folder that was asked for, and the same other user each time', async () => {
      const first = await postgresHome(data);
      assert.equal(first.folder, data);
      assert.ok(first.user !== null && first.user.uid !== 0);
      assert.equal((await stat(data)).uid, first.user.uid);
      assert.deepEqual(await postgresHome(data), first);
    });

    it('is linked from the folder where the other user may not enter it, found again, and empty when the folder was wiped', async () => {
      await mkdir(join(folder.path, 'closed'), { mode: 0o700 });
      const first = await postgresHome(data);
      try {
        assert.ok(first.folder.startsWith(`${systemFolder}/`) && first.user !== null && mayEnter(first.folder, first.user));
        assert.equal(await readlink(join(data, 'link')), first.folder);
        await writeFile(join(first.folder, 'kept'), '');
        assert.deepEqual(await postgresHome(data), first);
        await stat(join(first.folder, 'kept'));

        await rm(data, { recursive: true });
        assert.equal((await postgresHome(data)).folder, first.folder);
        await assert.rejects(stat(join(first.folder, 'kept')), /ENOENT/);
      } finally {
        await rm(first.folder, { recursive: true, force: true });
      }
    });

    it('goes on belonging to the user who made it', async () => {
      await postgresHome(data);
      await chown(data, 12345, 12345);
      assert.deepEqual((await postgresHome(data)).user, { uid: 12345, gid: 12345 });
    });
  });
});

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineLog, readLines } from '../../../src/staging/local-log.js';
import { SmallDisk } from '../../support/small-disk.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

describe('a log of lines', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'log');
  });
  afterEach(() => folder.remove());

  const open = () => LineLog.open(path);

  it('is its lines and nothing else once it was closed', async () => {
    const log = await open();
    for (const line of ['one', 'x'.repeat(200_000), 'three']) {
      log.makeRoom(1_000);
      log.append(line);
    }
    await log.close();
    assert.equal(await readFile(path, 'utf8'), `one\n${'x'.repeat(200_000)}\nthree\n`);
  });

  it('that another goes on with has nothing more of its former writer, and all that it had before', async () => {
    const former = await open();
    former.append('one');
    const successor = await open();
    former.append('former');
    former.makeRoom(1_000_000);
    await former.close();
    successor.append('two');
    await successor.close();
    assert.deepEqual(await readLines(path), ['one', 'two']);
    assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
  });

  it('leaves out what a former writer began and never ended', async () => {
    await writeFile(path, 'one\ntw');
    const log = await open();
    log.append('three');
    await log.close();
    assert.deepEqual(await readLines(path), ['one', 'three']);
  });

  it('takes what it made room for although the disk has become full, makes no more room then, and goes on once it can', async function () {
    const disk = await SmallDisk.mount(join(folder.path, 'disk'), '512k');
    if (disk === null) return this.skip(); // it takes Linux and root
    try {
      path = join(disk.path, 'log');
      const filler = join(disk.path, 'filler');
      const log = await open();
      log.makeRoom(100_000);
      await assert.rejects(writeFile(filler, Buffer.alloc(1024 * 1024)), /ENOSPC/);
      log.append('x'.repeat(99_999));
      assert.throws(() => log.makeRoom(200_000), /ENOSPC/);
      assert.deepEqual((await readLines(path)).map(({ length }) => length), [99_999]);
      await rm(filler);
      log.makeRoom(200_000);
      log.append('y');
      await log.close();
      assert.deepEqual((await readLines(path)).map(({ length }) => length), [99_999, 1]);
    } finally {
      await disk.unmount();
    }
  });
});

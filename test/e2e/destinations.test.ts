import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/index.js';
import { fileConfig } from '../support/file-destination.js';
import { createRig, type Rig } from '../support/sluice.js';
import { tableConfig } from '../support/table-destination.js';

describe('a whole sync', () => {
  let rig: Rig;
  before(async () => {
    rig = await createRig();
    const url = rig.database.options.connectionString;
    assert(url !== undefined);
    const destinations: Configuration['destinations'] = {
      table: tableConfig(url, 'app.people', { batchSize: 7 }),
      exports: { ...fileConfig(join(rig.folder, 'exports'), { format: 'jsonl', columns: null, gzip: false }), batchSize: 7 },
    };
    await rig.startWorker({ ...rig.configuration, destinations });
  });
  after(() => rig.stop());

  it('keeps a table as the model is', async () => {
    const people = await rig.subscribe(50, { destination: 'table' });
    await rig.database.query(`CREATE SCHEMA app; CREATE TABLE app.people (LIKE ${people.table}, PRIMARY KEY (id))`);
    assert.equal((await people.sync()).status, 'succeeded');
    await rig.database.query(`UPDATE ${people.table} SET name = 'changed' WHERE id = 1; DELETE FROM ${people.table} WHERE id = 2`);
    assert.equal((await people.sync()).succeeded, 2);
    const differences = await rig.database.query(`(TABLE ${people.table} EXCEPT TABLE app.people) UNION ALL (TABLE app.people EXCEPT TABLE ${people.table})`);
    assert.deepEqual(differences.rows, []);
  });

  it('appears as one set of files, and one that sent nothing as none', async () => {
    const people = await rig.subscribe(50, { destination: 'exports' });
    await people.sync();
    await people.sync();
    const folder = join(rig.folder, 'exports', people.id);
    assert.deepEqual(await readdir(folder), ['sync-000001']);
    const manifest = JSON.parse(await readFile(join(folder, 'sync-000001', 'manifest.json'), 'utf8')) as { records: number; files: readonly { name: string }[] };
    const texts = await Promise.all(manifest.files.map(({ name }) => readFile(join(folder, 'sync-000001', name), 'utf8')));
    assert.deepEqual([manifest.records, texts.join('').trimEnd().split('\n').length], [50, 50]);
  });
});

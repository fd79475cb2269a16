import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfiguration } from '../../../src/config/index.js';
import { ConfigurationError } from '../../../src/errors/errors.js';

const fixtures = path.join(import.meta.dirname, 'fixtures');
const env = {
  WAREHOUSE_URL: 'postgres://reader:hunter2@db/main',
  NO_URL: 'hunter2',
  BROKEN_TOKEN: 'hunter2\n',
  SNOW_USER: 'loader',
  SNOW_PASSPHRASE: 'hunter2',
  TENANT: 'acme',
  CRM_TOKEN: 'hunter2',
  SIGNING_SECRET: 'hunter2',
  OBJECTS_ID: 'loader',
  OBJECTS_SECRET: 'hunter2',
  STAGING_KEY: 'aHVudGVyMi0taHVudGVyMi0taHVudGVyMi0taHVudGU=',
};

async function problemsOf(file: string, variables: NodeJS.ProcessEnv = env): Promise<readonly string[]> {
  try {
    await loadConfiguration(file, variables);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.problems;
  }
  return assert.fail(`${file} was accepted`);
}

describe('loading a configuration', () => {
  for (const file of readdirSync(path.join(fixtures, 'valid')).filter((name) => name.endsWith('.yaml'))) {
    it(`reads ${file} as expected`, async () => {
      const configuration = await loadConfiguration(path.join(fixtures, 'valid', file), env);
      const expected = readFileSync(path.join(fixtures, 'valid', file.replace('.yaml', '.expected.json')), 'utf8');
      const folder = JSON.stringify(path.join(fixtures, 'valid')).slice(1, -1);
      assert.deepEqual(configuration, JSON.parse(expected.replaceAll('{folder}', folder)));
    });
  }

  for (const file of readdirSync(path.join(fixtures, 'invalid')).filter((name) => name.endsWith('.yaml'))) {
    it(`says everything that is wrong with ${file}`, async () => {
      const full = path.join(fixtures, 'invalid', file);
      const problems = await problemsOf(full);
      const expected = readFileSync(full.replace('.yaml', '.expected.txt'), 'utf8');
      assert.equal(`${problems.map((problem) => problem.replace(full, file)).join('\n')}\n`, expected);
    });

    it(`quotes no secret of ${file}`, async () => {
      const problems = await problemsOf(path.join(fixtures, 'invalid', file));
      assert.equal(problems.filter((problem) => problem.includes('hunter2')).length, 0);
    });
  }

  it('names each variable that is not set, where it is used', async () => {
    const file = path.join(fixtures, 'valid', 'everything.yaml');
    const problems = await problemsOf(file, { ...env, TENANT: undefined, WAREHOUSE_URL: undefined });
    assert.deepEqual(
      problems.map((problem) => problem.replace(file, 'f')),
      [
        'f:10:5: sources.warehouse.url: the environment variable WAREHOUSE_URL is not set: set it where this process starts',
        'f:44:5: destinations.crm.url: the environment variable TENANT is not set: set it where this process starts',
        // Merged in from an anchor, so the entry itself is the nearest place.
        'f:56:3: destinations.crm-copy.url: the environment variable TENANT is not set: set it where this process starts',
      ],
    );
  });

  it('does without variables where they are not required', async () => {
    const file = path.join(fixtures, 'valid', 'everything.yaml');
    const configuration = await loadConfiguration(file, {}, { requireVariables: false });
    assert.deepEqual(configuration, await loadConfiguration(file, env));
  });

  it('says that a file is not there', async () => {
    assert.deepEqual(await problemsOf('no/such.yaml'), ['no/such.yaml: there is no such file, expected a configuration: name another with --config']);
  });
});

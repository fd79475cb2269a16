import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = new URL('../..', import.meta.url).pathname;

/** Most rules need no types, and without them a file need not exist to be linted. */
const untyped = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked, { languageOptions: { parserOptions: { projectService: false } } }] });

async function rulesBrokenBy(file: string, code: string, eslint = untyped): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: file });
  assert.ok(result);
  assert.equal(result.fatalErrorCount, 0, result.messages[0]?.message);
  return result.messages.map((message) => message.ruleId ?? message.message).filter((rule) => rule !== '@typescript-eslint/no-unused-vars');
}

const rooms = 'import-x/no-restricted-paths';
const imports = '@typescript-eslint/no-restricted-imports';

const refused: [file: string, code: string, rule: string][] = [
  ['src/domain/x.ts', `import '../errors/errors.js';`, rooms],
  ['src/domain/x.ts', `export * from '../contract/names.js';`, rooms],
  ['src/domain/x.ts', `import type { Warehouse } from '../warehouses/warehouse.js';`, rooms],
  ['src/domain/x.ts', `import { hash } from 'node:crypto';`, imports],
  ['src/domain/x.ts', `import { hash } from 'crypto';`, imports],
  ['src/domain/x.ts', `import { log } from '@temporalio/common';`, imports],
  ['src/contract/x.ts', `import '../errors/errors.js';`, rooms],
  ['src/contract/x.ts', `import { join } from 'node:path';`, imports],
  ['src/errors/x.ts', `import '../contract/names.js';`, rooms],
  ['src/config/x.ts', `import '../contract/names.js';`, rooms],
  ['src/config/x.ts', `import { make } from '../warehouses/warehouse.js';`, imports],
  ['src/warehouses/postgres/x.ts', `import '../../destinations/destination.js';`, rooms],
  ['src/destinations/webhook/x.ts', `import '../../staging/staging.js';`, rooms],
  ['src/staging/x.ts', `import '../config/index.js';`, rooms],
  ['src/client/x.ts', `import '../warehouses/warehouse.js';`, rooms],
  ['src/cli/x.ts', `import '../destinations/destination.js';`, rooms],
  ['src/devserver/x.ts', `import '../config/index.js';`, rooms],
  ['workflows/x.ts', `import '../src/errors/errors.js';`, rooms],
  ['workflows/x.ts', `import type { Warehouse } from '../src/warehouses/warehouse.js';`, rooms],
  ['workflows/x.ts', `import { steps } from '../activities/index.js';`, imports],
  ['workflows/x.ts', `import { hash } from 'node:crypto';`, imports],
  ['workflows/x.ts', `import { z } from 'zod';`, imports],
  ['activities/x.ts', `import '../src/destinations/webhook/webhook.js';`, rooms],
  ['activities/x.ts', `import '../src/staging/local.js';`, rooms],
  ['activities/x.ts', `import '../src/config/index.js';`, rooms],
  ['src/domain/x.ts', `import 'webpack';`, 'import-x/no-extraneous-dependencies'],
  ['src/client/x.ts', `import 'fast-check';`, 'import-x/no-extraneous-dependencies'],
  ['src/domain/limits.ts', `import './schedule.js';`, 'import-x/no-cycle'],
  ['src/worker/x.ts', `console.log('started');`, 'no-console'],
  ['src/worker/x.ts', 'export {};\n'.repeat(301), 'max-lines'],
];

const allowed: [file: string, code: string][] = [
  ['src/contract/x.ts', `import '../domain/limits.js';`],
  ['src/errors/x.ts', `import '../domain/limits.js';`],
  ['src/config/x.ts', `import type { Warehouse } from '../warehouses/warehouse.js';\nimport '../errors/errors.js';\nimport 'node:fs';`],
  ['src/warehouses/postgres/x.ts', `import '../warehouse.js';\nimport '../../errors/errors.js';\nimport 'node:crypto';`],
  ['workflows/x.ts', `import '@temporalio/workflow';\nimport '../src/domain/limits.js';\nimport type { Steps } from '../activities/index.js';`],
  ['activities/x.ts', `import '../src/warehouses/warehouse.js';\nimport '../src/staging/staging.js';\nimport '../src/destinations/destination.js';`],
  ['src/worker/x.ts', `import '../warehouses/warehouse.js';\nimport '../config/index.js';`],
  ['src/cli/x.ts', `console.log('done');`],
  ['test/unit/x.ts', `import 'fast-check';\nimport '../../src/warehouses/warehouse.js';`],
];

describe('the lint rules', function () {
  this.timeout(30_000);

  for (const [file, code, rule] of refused) {
    it(`refuse in ${file}: ${code.slice(0, 80).split('\n')[0]} (${rule})`, async () => {
      assert.deepEqual([...new Set(await rulesBrokenBy(file, code))], [rule]);
    });
  }

  for (const [file, code] of allowed) {
    it(`allow in ${file}: ${code.replaceAll('\n', ' ')}`, async () => {
      assert.deepEqual(await rulesBrokenBy(file, code), []);
    });
  }

  it('know every room: none may import from the tests', async () => {
    const folders = readdirSync(`${root}/src`).map((name) => `src/${name}`);
    for (const room of [...folders, 'workflows', 'activities']) {
      const up = '../'.repeat(room.split('/').length);
      assert.deepEqual(await rulesBrokenBy(`${room}/x.ts`, `import '${up}test/unit/lint.test.js';`), [rooms], room);
    }
  });

  it('refuse a promise that nobody waits for', async () => {
    const ofOneFile = { languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['x.ts'] } } } };
    const typed = new ESLint({ cwd: root, overrideConfig: ofOneFile });
    assert.deepEqual(await rulesBrokenBy('x.ts', 'Promise.resolve();', typed), ['@typescript-eslint/no-floating-promises']);
  });
});

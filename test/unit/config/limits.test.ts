import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../../src/config/index.js';
import { ConfigurationError } from '../../../src/errors/errors.js';

const query = 'select id from customers -- ';

function configuration(change: { model?: object; subscription?: object; source?: object; workspace?: object; id?: string }): string {
  return stringify({
    workspace: { id: 'acme', ...change.workspace },
    sources: { warehouse: { type: 'postgres', url: 'postgres://db/main', ...change.source } },
    models: { customers: { source: 'warehouse', query, identifier: 'id', ...change.model } },
    destinations: { crm: { type: 'webhook', url: 'https://crm.example' } },
    subscriptions: { [change.id ?? 'customers_to_crm']: { model: 'customers', destination: 'crm', schedule: 'manual', ...change.subscription } },
  });
}

describe('the limits of a configuration', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-limits-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function problemsOf(text: string): Promise<readonly string[]> {
    const file = path.join(folder, 'sluice.yaml');
    await writeFile(file, text);
    try {
      await loadConfiguration(file, {});
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigurationError, String(error));
      return error.problems;
    }
  }

  /** The last value that is allowed passes, the first that isn't gets exactly one problem. */
  function isExact(what: string, last: Parameters<typeof configuration>[0], first: Parameters<typeof configuration>[0], problem: RegExp): void {
    it(`are exact for ${what}`, async () => {
      assert.deepEqual(await problemsOf(configuration(last)), []);
      const problems = await problemsOf(configuration(first));
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
    });
  }

  const queryOf = (characters: number, filler = 'x'): string => query + filler.repeat(characters - query.length);
  isExact('the query', { model: { query: queryOf(65_535) } }, { model: { query: queryOf(65_536) } }, /models\.customers\.query: .* at most 65535 characters/);
  isExact(
    'a query of characters that are not one byte or UTF-16 unit each',
    { model: { query: queryOf(65_535, '😀') } },
    { model: { query: queryOf(65_536, '😀') } },
    /at most 65535 characters/,
  );
  const column = (characters: number): string => 'ü'.repeat(characters);
  isExact('the identifier column', { model: { identifier: column(191) } }, { model: { identifier: column(192) } }, /identifier: .* at most 191 characters/);
  isExact('the timestamp column', { model: { timestamp: column(191) } }, { model: { timestamp: column(192) } }, /timestamp: .* at most 191 characters/);
  const every = (duration: string): object => ({ subscription: { schedule: { every: duration } } });
  isExact('the time between syncs', every('900000ms'), every('899999ms'), /schedule\.every: .* at least 15 minutes apart/);
  const records = (count: number): object => ({ source: { maxRecordsPerSync: count } });
  isExact('the records of one sync', records(150_000_000), records(150_000_001), /maxRecordsPerSync: .* at most 150000000/);
  const cycleDay = (day: number): object => ({ workspace: { billingCycleDay: day } });
  isExact('the last day of a billing cycle', cycleDay(28), cycleDay(29), /billingCycleDay: .* at most 28/);
  isExact('the first day of a billing cycle', cycleDay(1), cycleDay(0), /billingCycleDay: .* at least 1/);
  isExact('a subscription id', { id: 'a'.repeat(48) }, { id: 'a'.repeat(49) }, /is no subscription id/);

  it('hold for a query in a file of its own', async () => {
    await writeFile(path.join(folder, 'long.sql'), queryOf(65_536));
    const problems = await problemsOf(configuration({ model: { query: undefined, queryFile: 'long.sql' } }));
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /queryFile: .* at most 65535 characters/);
  });
});

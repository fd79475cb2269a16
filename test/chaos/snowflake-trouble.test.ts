import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WarehouseUnavailableError } from '../../src/errors/errors.js';
import { SnowflakeClient, type Deadlines, type Errand } from '../../src/warehouses/snowflake/client.js';
import { openEmulated } from '../conformance/emulated.js';
import type { SnowflakeHarness } from '../conformance/snowflake-harness.js';
import { needsSnowflake } from '../support/snowflake/needs.js';
import type { SnowflakeEmulator } from '../support/snowflake/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Timers that keep the process from ending. */
const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

const deadlines: Deadlines = { connectMs: 2_000, quickMs: 1_000, bulkGraceMs: 500 };

describe('a Snowflake', function () {
  this.timeout(120_000);
  let emulator: SnowflakeEmulator;
  let harness: SnowflakeHarness;
  let proxy: TcpProxy;
  needsSnowflake();
  before(async function () {
    ({ emulator, harness } = await openEmulated(this));
    proxy = await TcpProxy.start(new URL(emulator.url).host);
  });
  after(async () => {
    await proxy.close();
    await harness.close();
  });
  afterEach(() => harness.clear());

  const throughProxy = () => ({ ...harness.settings, accessUrl: `http://${proxy.address}` });

  async function assertGivesUpOn(client: SnowflakeClient, errand: Errand, word: string): Promise<void> {
    const ask = (): Promise<unknown> => client.use(errand, (session) => session.run(`SELECT '${word}' AS "word"`));
    await ask(); // the login is not what hangs
    const before = timers();
    await emulator.ask('fault', { pattern: word, action: 'hang', seconds: 2 });
    await assert.rejects(ask(), (error) => error instanceof WarehouseUnavailableError && error.message.includes('did not answer within'));
    await ask();
    await client.close();
    // Until it has an answer, the driver goes on trying what was given up on.
    while (timers() > before) await sleep(20);
  }

  it('that hangs is given up on, and asked anew by another session', async () => {
    await assertGivesUpOn(new SnowflakeClient('snow', harness.settings, deadlines), {}, 'a short one');
  });

  it('that hangs while it runs a model is given up on once the statement timeout is over', async () => {
    await assertGivesUpOn(new SnowflakeClient('snow', { ...harness.settings, statementTimeoutMs: 1_000 }, deadlines), { bulk: true }, 'a long one');
  });

  it('at which nobody listens is given up on, with no timer left, and found again when it is back', async () => {
    const client = new SnowflakeClient('snow', throughProxy(), deadlines);
    const ask = (): Promise<unknown> => client.use({}, (session) => session.run('SELECT 1 AS "one"'));
    const back = await proxy.refuse();
    const before = timers();
    await assert.rejects(ask(), (error) => error instanceof WarehouseUnavailableError);
    assert.equal(timers(), before);
    await back();
    await ask();
    await client.close();
  });
});

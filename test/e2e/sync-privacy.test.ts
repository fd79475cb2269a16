import assert from 'node:assert/strict';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createRig, subscribeTo, type Rig } from '../support/sluice.js';

/** Recognisable wherever it turns up, also inside another text. */
const planted = {
  value: 'plantedvalue7f3a',
  id: 'plantedid7f3b',
  nested: 'plantednested7f3c',
  castFails: 'plantedcast7f3d',
  refused: 'plantedrefused7f3e',
  header: 'plantedheader7f3f',
  urlToken: 'plantedtoken7f40',
  urlPassword: 'plantedpassword7f41',
};

describe('Temporal, after syncs of all kinds', () => {
  let rig: Rig;
  let seen: string;

  before(async function () {
    this.timeout(60_000);
    rig = await createRig({ destination: { timeoutMs: 500, giveUpAfterMs: 500, headers: { authorization: `Bearer ${planted.header}` } } });
    await rig.startWorker(withUrlCredentials(rig));
    await rig.database.query(`CREATE TABLE secrets (id text, name text, tags jsonb, number text);
      INSERT INTO secrets SELECT '${planted.id}-' || g, '${planted.value}', '{"deep": ["${planted.nested}"]}', g FROM generate_series(1, 20) AS g`);
    const model = { ...rig.subscription.model, query: 'select * from secrets' };
    const people = await rig.subscribe(0, { model });

    rig.receiver.refuseRecord = (record) => (record.__segment_id?.endsWith('-1') === true ? `${planted.refused}: ${JSON.stringify(record)}` : null);
    assert.equal((await people.sync()).failed, 1);
    await rig.database.query(`UPDATE secrets SET name = name || '!'`);
    rig.receiver.next({ kind: 'answer', status: 503, body: planted.refused }, 100);
    assert.equal((await people.sync()).status, 'failed');
    rig.receiver.endScript();
    rig.receiver.next({ kind: 'answer', status: 401, body: planted.refused });
    assert.equal((await people.sync()).status, 'failed');
    rig.receiver.next({ kind: 'break', when: 'after_taking' }, 100);
    assert.equal((await people.sync()).status, 'failed');
    rig.receiver.endScript();
    rig.receiver.isBad = (record) => record.__segment_id?.endsWith('-2') === true;
    assert.equal((await people.sync()).status, 'partially_succeeded');

    await rig.database.query(`INSERT INTO secrets VALUES ('${planted.id}-1', 'twice', NULL, '1'), (NULL, '${planted.value}', NULL, '1'); UPDATE secrets SET number = '${planted.castFails}' WHERE id = '${planted.id}-3'`);
    assert.equal((await people.sync()).extracted.rejected, 3);
    for (const failing of [`number::int`, `1 / (length(name) - length(name))`, `('2020-01-' || name)::date`, `name::jsonb`, `(name || number)::uuid`]) {
      const broken = await subscribeTo(rig, { ...people.subscription, model: { ...model, query: `select id, ${failing} as number from secrets` } });
      assert.match((await broken.sync()).error ?? '', /warehouse "warehouse" answered 22/);
    }
    seen = await everythingTemporalKnows(rig);
  });
  after(() => rig.stop());

  const assertAbsent = (value: string): void => {
    const at = seen.indexOf(value);
    assert.equal(at, -1, at === -1 ? '' : `…${seen.slice(Math.max(0, at - 200), at + 100)}…`);
  };
  for (const [what, value] of Object.entries(planted)) it(`holds no trace of the planted ${what}`, () => assertAbsent(value));

  it('holds no trace of the warehouse\'s password', () => {
    const source = rig.configuration.sources['warehouse'];
    assert.ok(source?.type === 'postgres');
    assertAbsent(new URL(source.url).password);
  });

  it('would show a trace: what may be there is found by the same search', () => {
    for (const known of ['people_1', 'select * from secrets', 'partially_succeeded', 'SluiceStatus', 'loadChunk']) assert.ok(seen.includes(known), known);
  });
});

/** The rig's configuration with credentials in the destination's URL; the source's has a password anyway. */
function withUrlCredentials({ configuration, receiver }: Rig): Rig['configuration'] {
  const crm = configuration.destinations['crm'];
  assert.ok(crm?.type === 'webhook');
  const url = Object.assign(new URL(receiver.url), { username: 'crm', password: planted.urlPassword, search: `?token=${planted.urlToken}` });
  return { ...configuration, destinations: { crm: { ...crm, url: url.href } } };
}

/** Histories, memos, search attributes, heartbeats and details of every workflow in the namespace, as JSON and with every payload in the clear. */
async function everythingTemporalKnows({ temporal }: Rig): Promise<string> {
  const parts: string[] = [];
  for await (const execution of temporal.workflow.list()) {
    const handle = temporal.workflow.getHandle(execution.workflowId, execution.runId);
    const history = historyToJSON(await handle.fetchHistory());
    parts.push(history, ...payloadsIn(JSON.parse(history)), JSON.stringify(execution.memo), JSON.stringify(execution.raw.searchAttributes), ...payloadsIn(JSON.parse(JSON.stringify(execution.raw))));
    const { raw } = await handle.describe();
    const described = JSON.stringify(raw);
    parts.push(described, ...payloadsIn(JSON.parse(described)));
  }
  return parts.join('\n');
}

/** Every `data` field, decoded: base64 in exported histories, lists of bytes in descriptions. */
function payloadsIn(document: unknown): string[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([key, value]: [string, unknown]) => {
    if (key !== 'data') return payloadsIn(value);
    if (typeof value === 'string') return [Buffer.from(value, 'base64').toString('utf8')];
    const bytes: unknown = typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
    return [Buffer.from(Object.values(bytes ?? {}) as number[]).toString('utf8')];
  });
}

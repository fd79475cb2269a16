import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Batch, DeliveryAnswer } from '../../../../src/destinations/destination.js';
import { createMapper, type Mapper } from '../../../../src/destinations/mapping.js';
import { defineDestination, recordsOf, type CustomDestination } from '../../../../src/destinations/module/index.js';
import { loadDefinition, settingsProblems } from '../../../../src/destinations/module/load.js';
import { createModuleDestination } from '../../../../src/destinations/module/module.js';
import { ConfigurationError } from '../../../../src/errors/errors.js';
import { batchOf, event, events } from '../../../support/events.js';
import { moduleConfig } from '../../../support/module-destination.js';
import { temporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const never = new AbortController().signal;

describe('a destination of one’s own', () => {
  const settings = z.strictObject({ url: z.url() });
  const open = (custom: CustomDestination) => {
    const definition = defineDestination({ settings, target: ({ url }) => url, create: () => custom });
    return createModuleDestination('crm', { ...moduleConfig('/own.js', { url: 'https://a.example' }), timeoutMs: 100 }, definition);
  };
  const answering = (answer: unknown) => open({ deliver: () => Promise.resolve(answer as DeliveryAnswer) });

  it('has its answer passed on', async () => {
    const answer: DeliveryAnswer = { kind: 'answered', records: [{ kind: 'delivered' }, { kind: 'failed', reason: 'no such plan', code: '422' }, { kind: 'retry', reason: 'busy' }] };
    assert.deepEqual(await answering(answer).deliver(batchOf(events(3)), never), answer);
  });

  for (const [what, answer] of Object.entries({
    'is none': undefined,
    'has an unknown kind': { kind: 'ok' },
    'leaves records out': { kind: 'answered', records: [{ kind: 'delivered' }] },
    'has no reason': { kind: 'refused' },
  })) {
    it(`acknowledges nothing with an answer that ${what}`, async () => {
      const judged = await answering(answer).deliver(batchOf(events(2)), never);
      assert(judged.kind === 'unavailable' && judged.sent && judged.reason.endsWith('threw InvalidAnswerError'));
    });
  }

  it('may throw: the attempt counts as unanswered, and the words of the error, which may quote a record, go nowhere', async () => {
    const destination = open({ deliver: () => Promise.reject(new TypeError('cannot read ann@example.com')) });
    const answer = await destination.deliver(batchOf(events(1)), never);
    assert.deepEqual(answer, { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'the module of destination "crm" threw TypeError' });
  });

  it('is told when its time is up, and no longer waited for', async () => {
    let told: unknown;
    const destination = open({ deliver: (_batch, signal) => new Promise(() => signal.addEventListener('abort', () => void (told = signal.reason))) });
    const answer = await destination.deliver(batchOf(events(1)), never);
    assert(answer.kind === 'unavailable' && answer.sent && answer.reason.endsWith('did not answer in time'));
    assert(told instanceof Error);
  });

  it('keeps its batch as it was, also when nobody waits for it any more', async () => {
    let kept: Batch | undefined;
    const destination = open({ deliver: (batch) => new Promise(() => (kept = batch)) });
    const [batch, sent] = [batchOf(events(3)), batchOf(events(3))];
    await destination.deliver(batch, never);
    batch.json.fill(' ');
    assert.deepEqual([kept?.json, kept?.bodies, kept?.records], [sent.json, sent.bodies, sent.records]);
  });

  it('gets its records parsed', () => {
    const staged = [event('1', { plan: 'pro' }), event('2', { plan: null }, 'deleted')];
    const bodiesWith = (map: Mapper | null) => recordsOf(batchOf(staged, 1, 0, { map })).map(({ body }) => body);
    const [one, other] = recordsOf(batchOf(staged, 1, 0, { map: createMapper({ tier: { '@path': '$.properties.plan' } }, 'send') }));
    assert.deepEqual(one, { id: '1', operation: 'new', messageId: 'customers_to_crm-1-1', properties: { plan: 'pro' }, body: { tier: 'pro' } });
    assert.deepEqual(other, { id: '2', operation: 'deleted', messageId: 'customers_to_crm-1-2', properties: { plan: null }, body: { tier: null } });
    assert.deepEqual(bodiesWith(null), [{ plan: 'pro' }, { plan: null }]);
    assert.deepEqual(bodiesWith(createMapper(null, 'omit')), [{ plan: 'pro' }, {}]);
  });

  it('is another destination with another target, and the same with another secret', () => {
    const definition = defineDestination({ settings: z.object({ url: z.string(), token: z.string() }), target: ({ url }) => url, create: () => ({ deliver: () => Promise.reject(new Error()) }) });
    const identityOf = (url: string, token: string) => createModuleDestination('crm', moduleConfig('/own.js', { url, token }), definition).identity;
    assert.equal(identityOf('a', 'one'), identityOf('a', 'two'));
    assert.notEqual(identityOf('a', 'one'), identityOf('b', 'one'));
  });

  it('has every mistake in its settings told, without quoting a value', () => {
    const definition = defineDestination({ settings, target: String, create: () => ({ deliver: () => Promise.reject(new Error()) }) });
    const problems = settingsProblems('crm', definition, { url: 'hunter2', extra: 'hunter2' });
    assert.deepEqual(problems.map((problem) => problem.split(': ').slice(0, 2).join(': ')), ['destination "crm": settings.url', 'destination "crm": settings']);
    assert(!problems.join().includes('hunter2'));
  });

  describe('is loaded from a file', () => {
    let folder: TemporaryFolder;
    before(async () => {
      folder = await temporaryFolder();
    });
    after(() => folder.remove());

    async function load(name: string, content: string | null): Promise<string> {
      const file = join(folder.path, name);
      if (content !== null) await writeFile(file, content);
      try {
        await loadDefinition('crm', file);
        return 'loaded';
      } catch (error) {
        assert(error instanceof ConfigurationError);
        return error.message.replace(file, name);
      }
    }

    it('in JavaScript and in TypeScript', async () => {
      const exported = 'export default { settings: { safeParse: (data) => ({ success: true, data }) }, target: () => "", create: () => ({}) };';
      assert.equal(await load('own.mjs', exported), 'loaded');
      assert.equal(await load('own.mts', `const typed: number = 1; ${exported}`), 'loaded');
    });

    it('or it is said why not', async () => {
      assert.equal(await load('missing.mjs', null), 'destination "crm": the module missing.mjs cannot be loaded (ERR_MODULE_NOT_FOUND: the file, or something that it imports, is not there)');
      assert.equal(await load('broken.mjs', 'export default {'), 'destination "crm": the module broken.mjs cannot be loaded (SyntaxError)');
      assert.match(await load('other.mjs', 'export default {create: 1};'), /other.mjs exports no destination: write `export default defineDestination/);
    });
  });
});

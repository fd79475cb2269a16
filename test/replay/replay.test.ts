import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { quietWorkers } from '../support/temporal.js';

/** How to add one: scripts/record-histories.ts. */
const folder = fileURLToPath(new URL('./histories/', import.meta.url));

interface History {
  readonly events: readonly { readonly eventType: string; readonly activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

describe('the workflows of this version', () => {
  let options: ReplayWorkerOptions;
  before(async () => {
    quietWorkers();
    const logger = { log: () => undefined, trace: () => undefined, debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    options = { workflowBundle: await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)), logger }) };
  });

  const read = async (file: string): Promise<History> => JSON.parse(await readFile(`${folder}${file}`, 'utf8')) as History;

  it('go on with every history that a release has made', async () => {
    const files = await readdir(folder);
    for (const workflow of ['-subscription', '-sync-run-', '-quota']) assert.ok(files.some((file) => file.includes(workflow)), `there are histories of ${workflow}`);
    for (const file of files) {
      const history = await read(file);
      await Worker.runReplayHistory(options, history).catch((error: unknown) => {
        throw new Error(`${file} can't be replayed: a workflow that runs now would stop. Keep the old path behind patched() (docs.temporal.io/develop/typescript/versioning)`, { cause: error });
      });
    }
  });

  it('cancel no timers, which could leave one standing still for ever (workflows/alarm.ts)', async () => {
    for (const file of await readdir(folder)) {
      const { events } = await read(file);
      assert.deepEqual(events.filter(({ eventType }) => eventType === 'EVENT_TYPE_TIMER_CANCELED'), [], file);
    }
  });

  it('don\'t go on with a history that they could not have made', async () => {
    const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith('-sync-run-first.json'));
    const history = await read(file);
    const step = history.events.find((event) => event.activityTaskScheduledEventAttributes !== undefined)?.activityTaskScheduledEventAttributes;
    assert.ok(step);
    step.activityType.name = 'anotherStep';
    await assert.rejects(Worker.runReplayHistory(options, history), DeterminismViolationError);
  });
});

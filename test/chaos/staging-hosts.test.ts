import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sideBySide } from '../support/side-by-side.js';
import { startSlowLoad } from '../support/slow-load.js';
import { createRig, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 1_000;

/** Two hosts: workers of one configuration whose staging folders are not the same. */
class Hosts {
  readonly #processes = new Map<string, WorkerProcess>();

  constructor(
    private readonly rig: Rig,
    private readonly waitForHostMs: number,
  ) {}

  async start(folder: string): Promise<void> {
    const staging = { ...this.rig.configuration.staging, type: 'local' as const, path: folder, waitForHostMs: this.waitForHostMs };
    this.#processes.set(folder, await WorkerProcess.start({ ...this.rig, configuration: { ...this.rig.configuration, staging } }));
  }

  /** Starts a slow sync, and stops the host that staged it in the middle of the load. */
  async stopInTheMiddle(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ readonly people: Subscribed; readonly request: number; readonly folder: string }> {
    const { rig } = this;
    await Promise.all(['one', 'other'].map((name) => this.start(join(rig.folder, name))));
    const people = await rig.subscribe(rows);
    const request = await startSlowLoad(rig, people, batchSize);
    const [folder] = [...this.#processes.keys()].filter((name) => existsSync(join(name, people.id)));
    assert(folder !== undefined);
    await this.#processes.get(folder)?.end(signal);
    assert(rig.receiver.taken.new < rows, 'it was stopped in the middle');
    return { people, request, folder };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((host) => host.end('SIGKILL')));
  }
}

async function onHosts(waitForHostMs: number, work: (hosts: Hosts, rig: Rig) => Promise<void>): Promise<void> {
  const rig = await createRig({ destination: { batchSize, concurrency, giveUpAfterMs: 120_000 } });
  const hosts = new Hosts(rig, waitForHostMs);
  try {
    await work(hosts, rig);
  } finally {
    await hosts.end();
    await rig.stop();
  }
}

describe('workers on two hosts, each with a staging folder of its own', function () {
  this.timeout(90_000);

  sideBySide({
    'keep a sync with the host that staged it: it waits for that one, and goes on where it was': () => onHosts(60_000, async (hosts, rig) => {
      const { people, request, folder } = await hosts.stopInTheMiddle('SIGTERM');
      await hosts.start(folder);
      rig.receiver.endScript();
      const result = await rig.client.waitForSync(people.id, request);
      assert.deepEqual([result.status, result.succeeded, result.failed], ['succeeded', rows, 0]);
      assert.equal(rig.receiver.taken.repeated, 0);
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    }),

    'end a sync whose host does not come back, say what to do about it, and find its records again': () => onHosts(2_000, async (hosts, rig) => {
      const { people, request } = await hosts.stopInTheMiddle('SIGKILL');
      rig.receiver.endScript();
      const result = await rig.client.waitForSync(people.id, request);
      assert.equal(result.status, 'failed');
      assert.match(result.error ?? '', /^no worker of the host that staged the records .* was there for 2 s: start one there, or, where workers run on several hosts, use staging of type s3/);
      assert(result.failed > 0 && result.failed === result.ambiguous, 'what may have been delivered counts as failed');
      assert.equal((await people.sync()).status, 'succeeded');
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    }),
  });
});

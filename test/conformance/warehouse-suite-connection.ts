import assert from 'node:assert/strict';
import { WarehouseUnavailableError } from '../../src/errors/errors.js';
import type { SyncRef, Warehouse } from '../../src/warehouses/warehouse.js';
import type { CutMoment, TcpProxy } from '../support/tcp-proxy.js';
import { countsOf, streamOf, SyncDriver, type StagedEvent } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

/** A warehouse behind a line that can be cut. */
export interface CutLine {
  readonly warehouse: Warehouse;
  readonly proxy: TcpProxy;
  /** All messages of each step, in a sync of its own for each; or, where that takes too long, one of each step, and all in one sync. */
  readonly cuts: 'every message' | 'one a step';
  /** Closes the warehouse and the line. */
  close(): Promise<void>;
}

const leaseMs = 60_000;
const steps = ['open', 'diff', 'grant', 'read', 'register', 'acquire', 'renew', 'finish', 'fence', 'settle'] as const;
type Step = (typeof steps)[number];

/** Tries a step again for as long as the warehouse is unavailable, as Temporal does; any other error ends the test. */
async function again<T>(step: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step(attempt);
    } catch (error) {
      if (!(error instanceof WarehouseUnavailableError) || attempt === 5) throw error;
    }
  }
}

/** A connection may break at any moment of any step. The step then says so, or asks again by itself; tried again, it does what it would have done, and nothing twice. */
export function connectionLaws(bench: () => Bench, lineTo: () => Promise<CutLine>): void {
  describe('a connection that breaks', function () {
    this.timeout(120_000);
    let line: CutLine;
    let scene: Scene;
    beforeEach(async () => {
      line = await lineTo();
      scene = new Scene(bench(), line);
      await scene.begin();
    });
    afterEach(() => line.close());

    it('in any step, before a message arrives or with an answer on its way, makes that step start anew and nothing else', async () => {
      const messages = await scene.messagesOfSteps();
      assert.deepEqual([...messages.keys()], steps);
      let planned = 0;
      let made = 0;
      for (const cuts of line.cuts === 'every message' ? cutsAtEveryMessage(messages) : cutsInOneSync(messages)) {
        planned += cuts.size;
        await scene.change();
        await scene.sync({
          before: (step) => {
            const cut = cuts.get(step);
            if (cut !== undefined) line.proxy.cutAt(cut.message, cut.moment);
          },
          after: (step) => {
            if (cuts.has(step) && !line.proxy.disarm()) made += 1;
          },
        });
      }
      assert(made >= planned - 2, `the line was cut ${made} times of ${planned}`);
      await scene.assertAllIsWell();
    });

    it('in the middle of the records that are read loses and repeats none of them', async () => {
      await scene.addLongNames(1_000);
      const opened = await scene.driver.open();
      await scene.driver.diff(opened);
      const readAll = async (): Promise<readonly string[]> => [...(await scene.driver.read(opened)).lines].sort();
      const whole = await readAll();
      for (const part of line.cuts === 'every message' ? [0.2, 0.5, 0.8] : [0.5]) {
        line.proxy.cutAfter(part * whole.join('\n').length);
        assert.deepEqual(await again(readAll), whole);
        assert(!line.proxy.disarm(), 'the line was cut');
      }
      await scene.driver.settleDead(opened);
      await scene.sync();
      await scene.assertAllIsWell();
    });
  });
}

/** Where the line is cut in one sync. */
type Cuts = ReadonlyMap<Step, { readonly message: number; readonly moment: CutMoment }>;

/** An answer that is lost leaves the warehouse as the loss of the next message does; so only the last one of a step is lost too. */
function cutsAtEveryMessage(messages: ReadonlyMap<Step, number>): readonly Cuts[] {
  return [...messages].flatMap(([step, count]) => {
    const asked = Array.from({ length: count }, (_, index) => ({ message: index + 1, moment: 'asked' }) as const);
    return [...asked, { message: count, moment: 'answered' } as const].map((cut) => new Map([[step, cut]]));
  });
}

/** By turns before a message in the middle of a step, and with its last answer on the way. */
function cutsInOneSync(messages: ReadonlyMap<Step, number>): readonly Cuts[] {
  return [new Map([...messages].map(([step, count], index) => [step, index % 2 === 0 ? { message: Math.ceil(count / 2), moment: 'asked' } : { message: count, moment: 'answered' }]))];
}

interface Watcher {
  readonly before?: (step: Step) => void;
  readonly after?: (step: Step) => void;
}

/** Those with the ids up to 10 come and go; 11 is refused, and always there. */
const people = 11;

/** Lives with one subscription behind the line, and holds the destination against the model. Every eleventh record is refused. */
class Scene {
  readonly driver: SyncDriver;
  /** The name of each person whom the destination has, by id. */
  private readonly delivered = new Map<string, unknown>();
  private readonly messageIds = new Set<string>();
  private round = 0;

  constructor(
    private readonly bench: Bench,
    private readonly line: CutLine,
  ) {
    this.driver = new SyncDriver(line.warehouse, bench.driver().subscription);
  }

  async begin(): Promise<void> {
    await this.bench.createPeople(people);
    await this.sync();
  }

  /** How many messages each step sends in a sync that nothing disturbs. */
  async messagesOfSteps(): Promise<ReadonlyMap<Step, number>> {
    const { proxy } = this.line;
    const messages = new Map<Step, number>();
    await this.change();
    await this.sync({ before: (step) => messages.set(step, -proxy.messages), after: (step) => messages.set(step, (messages.get(step) ?? 0) + proxy.messages) });
    return messages;
  }

  /** A person is gone, one is new or back, and one who is refused has another name. */
  async change(): Promise<void> {
    this.round += 1;
    const [gone, back] = [(this.round % 10) + 1, ((this.round + 5) % 10) + 1];
    await this.bench.run(`
      delete from people where id = ${gone} or id = ${back};
      insert into people values (${back}, 'round ${this.round}');
      update people set name = 'round ${this.round}' where id = 11`);
  }

  async addLongNames(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, index) => `(${1_000 + index}, '${'long name '.repeat(40)}')`);
    await this.bench.run(`insert into people values ${rows.join(', ')}`);
  }

  /** One whole sync, each step tried until it succeeds. The watcher hears of the first of each name only: one chunk is as good as another. */
  async sync(watcher: Watcher = {}): Promise<void> {
    const { driver } = this;
    const { warehouse } = driver;
    const requestKey = `request-${process.hrtime.bigint()}`;
    const begun = new Set<Step>();
    const step = async <T>(name: Step, work: (attempt: number) => Promise<T>): Promise<T> => {
      const { before, after } = begun.has(name) ? {} : watcher;
      begun.add(name);
      before?.(name);
      return again(work).finally(() => after?.(name));
    };
    const opened = await step('open', () => driver.open(requestKey));
    const diff = await step('diff', (attempt) => driver.diff(opened, attempt));
    await step('grant', () => warehouse.takeGrant(opened, diff.toSend, 1));
    const staged = await step('read', () => driver.read(opened));
    const chunks = await step('register', () => warehouse.registerChunks(opened, staged.chunks));
    for (const { chunk } of chunks) await this.load(opened, chunk, staged.events.get(chunk) ?? [], step);
    const fenced = await step('fence', () => warehouse.fenceSync(opened));
    const result = await step('settle', () => warehouse.settleSync({ ...opened, epoch: fenced.sync.epoch }, null));
    assert.equal(result.processed, diff.toSend);
  }

  private async load(sync: SyncRef, chunk: number, events: readonly StagedEvent[], step: <T>(name: Step, work: () => Promise<T>) => Promise<T>): Promise<void> {
    const { warehouse } = this.line;
    const refused = events.filter(({ __segment_id: id }) => Number(id) % 11 === 0);
    const outcomes = refused.map(({ __segment_id: recordId }) => ({ recordId, outcome: 'failed', reason: 'not today' }) as const);
    await step('acquire', () => warehouse.acquireChunk(sync, chunk, 'loader', leaseMs));
    await step('renew', () => warehouse.acquireChunk(sync, chunk, 'loader', leaseMs));
    for (const event of events) if (!refused.includes(event)) this.deliver(event);
    const finish = (): Promise<void> => warehouse.finishChunk(sync, chunk, 'loader', countsOf(events.length, outcomes), streamOf(outcomes));
    // The chunk that has something to write down is the one to watch.
    await (outcomes.length > 0 ? step('finish', finish) : again(finish));
  }

  private deliver({ event, messageId, __segment_id: id, properties }: StagedEvent): void {
    assert.ok(!this.messageIds.has(messageId), 'nothing is sent twice');
    this.messageIds.add(messageId);
    if (event === 'deleted') this.delivered.delete(id);
    else this.delivered.set(id, properties['name']);
  }

  /** Every change but those to refused records has arrived, every sync's books close, and nothing of a sync is left. */
  async assertAllIsWell(): Promise<void> {
    const { bench } = this;
    const rows = (await bench.rows('select id as "id", name as "name" from people')).map((row) => [String(row['id']), row['name']] as const);
    const expected = rows.filter(([id]) => Number(id) % 11 !== 0);
    assert.deepEqual(new Map([...this.delivered].sort()), new Map(expected.sort()));
    const history = await this.line.warehouse.history('people_to_crm', 1_000);
    assert.equal(history[0]?.syncId, `people_to_crm-${history.length}`, 'every sync has ended');
    const left = [...(await bench.stateTables()).keys()].filter((table) => /^[dix]_people_to_crm_/.test(table));
    assert.deepEqual(left, []);
    for (const table of ['chunks_people_to_crm', 'outcomes_people_to_crm']) assert.deepEqual(await bench.rows(`select sync as "sync" from ${bench.state(table)}`), []);
  }
}

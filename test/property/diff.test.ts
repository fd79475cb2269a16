import assert from 'node:assert/strict';
import fc from 'fast-check';
import { booksClose } from '../../src/domain/books.js';
import { openDuckdb } from '../conformance/duckdb-harness.js';
import { typeCases as duckdbTypes } from '../conformance/duckdb-values.js';
import { openPostgres } from '../conformance/postgres-harness.js';
import { typeCases as postgresTypes } from '../conformance/postgres-values.js';
import { openSnowflake } from '../conformance/snowflake-harness.js';
import type { TypeCase } from '../conformance/type-cases.js';
import { needsSnowflake } from '../support/snowflake/needs.js';
import { FencedError } from '../../src/errors/errors.js';
import type { SyncRef } from '../../src/warehouses/warehouse.js';
import { streamOf, type Fate, type SyncDriver } from '../conformance/warehouse-driver.js';
import { benchOf, type Bench, type WarehouseHarness } from '../conformance/warehouse-suite.js';
import { Oracle } from './oracle.js';
import { allIds, storiesOf, type Change, type Story, type SyncPlan, type Version, type When } from './story.js';
import { Table, timePlace } from './table.js';

/** A hundred in `npm test`, thousands by night. A failure prints the seed and the path that reproduce it as SLUICE_SEED and SLUICE_PATH. */
const runs = Number(process.env['SLUICE_RUNS'] ?? 100);
const { SLUICE_SEED: seed, SLUICE_PATH: path } = process.env;
const again = seed === undefined ? {} : { seed: Number(seed), path: path ?? '' };
/** Also for making a failure smaller: what was found until then is shown. */
const timeLimitMs = 60_000 + runs * 2_000;
const allTaken: SyncPlan = { kind: 'sync', fates: ['taken'], crashAt: Infinity, cancelAfter: Infinity, diffedTwice: false, grant: Infinity, full: true };

class Crash extends Error {}

const never = new AbortController().signal;

/** Lives one story on a warehouse, with the oracle beside it. */
class Life {
  private readonly table: Table;
  private readonly oracle: Oracle;
  private readonly driver: SyncDriver;
  /** Minutes, for rows that say when they were written. */
  private now = 10;
  /** Chunks of syncs that are over, whose loaders believe that they still hold them. */
  private readonly zombies: { readonly sync: SyncRef; readonly chunk: number }[] = [];

  constructor(
    private readonly bench: Bench,
    private readonly story: Story,
  ) {
    this.table = new Table(story.shape);
    this.oracle = new Oracle(this.table, story.syncMode, story.baseline);
    const timestamp = { column: 'at', lookbackMs: 0, fullDiffEveryMs: 1e9 };
    this.driver = bench.driver({ maxRecordsPerSync: story.maxRecordsPerSync, syncMode: story.syncMode, initialSync: story.baseline ? 'baseline' : 'send', ...(story.shape.timed ? { timestamp } : {}) });
  }

  async live(): Promise<void> {
    await this.bench.run(this.table.createStatement);
    for (const { changes, then } of this.story.rounds) {
      for (const change of changes) this.apply(change);
      await this.bench.run(this.table.fillStatement);
      if (then.kind === 'reset') await this.reset();
      else await this.sync(then);
    }
    await this.calmDown();
  }

  private apply(change: Change): void {
    if (change.kind === 'stray') return this.table.stray();
    this.now += 1;
    for (const id of change.ids) {
      if (change.kind === 'write') this.table.put(id, this.timed(change.version, change.when));
      else if (change.kind === 'copy') this.copy(id, this.timed(change.version));
      else if (change.kind === 'remove') this.table.remove(id);
      else this.revert(id);
    }
  }

  private timed(version: Version, when: When = 'now'): Version {
    const time = { now: this.now, never: -1, late: this.now - 10 };
    return [...version.slice(0, timePlace), time[when]];
  }

  /** A copy that only looks recent would hide that there are two. */
  private copy(id: number, version: Version): void {
    const there = this.table.copies(id).map((copy) => this.timed(copy));
    this.table.remove(id);
    for (const one of [...there, version]) this.table.copy(id, one);
  }

  private revert(id: number): void {
    const acknowledged = this.oracle.acknowledged.get(id);
    if (acknowledged === undefined) this.table.remove(id);
    else this.table.put(id, this.timed(acknowledged));
  }

  /** Returns how many records were extracted; null when the sync died. */
  private async sync(plan: SyncPlan): Promise<number | null> {
    const finding = this.oracle.find();
    const fates = new Map<number, Fate>();
    let steps = 0;
    const mayCrash = (): void => {
      if (steps++ === plan.crashAt) throw new Crash();
    };
    let diffed = false;
    let whole = false;
    try {
      mayCrash();
      const sync = await this.driver.open();
      this.oracle.begin();
      await this.wakeZombies();
      mayCrash();
      const diff = await this.driver.diff(sync, 1, never, plan.full);
      diffed = true;
      if (plan.diffedTwice) assert.deepEqual(await this.driver.diff(sync, 2, never, plan.full), diff);
      assert.equal(diff.extracted.rejected, finding.rejected);
      assert.equal(diff.moreToExtract, finding.due.size > this.story.maxRecordsPerSync);
      this.oracle.look();
      mayCrash();
      const granted = Math.min(plan.grant, diff.toSend);
      // Only the first answer of the quota counts.
      for (const records of [granted, diff.toSend]) assert.equal(await this.driver.warehouse.takeGrant(sync, records, 0), 'taken');
      mayCrash();
      const staged = await this.driver.read(sync);
      assert.equal(diff.excluded, finding.excluded.size);
      this.oracle.judge(finding, [...staged.events.values()].flat(), Math.min(this.story.maxRecordsPerSync, plan.grant), plan.full || !this.story.shape.timed);
      mayCrash();
      const chunks = await this.driver.warehouse.registerChunks(sync, staged.chunks);
      for (const { chunk } of chunks) this.zombies.push({ sync, chunk });
      for (const chunk of chunks.slice(0, plan.cancelAfter)) {
        const events = staged.events.get(chunk.chunk) ?? [];
        const ended = new Map<number, Fate>();
        const beforeStep = (step: string): void => {
          // From here until it is finished, nobody knows what became of any of the chunk.
          if (step !== 'acquire') for (const event of events) fates.set(this.oracle.idOf(event), 'lost_unanswered');
          mayCrash();
        };
        await this.driver.load(sync, chunk, events, {
          beforeStep,
          fate: (event) => {
            const id = this.oracle.idOf(event);
            const fate = plan.fates[id % plan.fates.length] ?? 'taken';
            if (fate === 'taken' || fate === 'taken_unanswered') this.oracle.receive(event);
            ended.set(id, fate);
            return fate;
          },
        });
        for (const [id, fate] of ended) fates.set(id, fate);
      }
      mayCrash();
      const fenced = await this.driver.warehouse.fenceSync(sync);
      mayCrash();
      const result = await this.driver.warehouse.settleSync(fenced.sync, chunks.length > plan.cancelAfter ? { kind: 'canceled' } : null);
      assert(booksClose(result), JSON.stringify(result));
      whole = result.status !== 'canceled' && result.notSent === 0 && !result.moreToExtract;
      return diff.extracted.added + diff.extracted.updated + diff.extracted.deleted;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return null;
    } finally {
      if (diffed) this.oracle.settle(finding, fates, whole);
    }
  }

  /** What a sync's loaders say after it is over changes nothing. */
  private async wakeZombies(): Promise<void> {
    for (const { sync, chunk } of this.zombies.splice(0)) {
      const { warehouse } = this.driver;
      await assert.rejects(warehouse.acquireChunk(sync, chunk, 'zombie', 60_000), FencedError);
      await assert.rejects(warehouse.finishChunk(sync, chunk, 'loader', { succeeded: 0, failed: 0, notSent: 0 }, streamOf([])), FencedError);
    }
  }

  private async reset(): Promise<void> {
    for (;;) {
      const answer = await this.driver.warehouse.resetState(this.driver.subscription, 'crm');
      if (answer.kind === 'reset') break;
      await this.driver.settleDead(answer.sync);
    }
    this.oracle.reset();
  }

  /** The destination takes everything from now on, and what was given up is changed once more: then the receiver has to become what the model is. */
  private async calmDown(): Promise<void> {
    this.table.tidy();
    for (const id of this.oracle.expired) this.table.put(id, (this.table.copies(id)[0] ?? [0, 0, 0]).map((pick) => pick + 1));
    await this.bench.run(this.table.fillStatement);
    let extracted: number | null = null;
    for (let syncs = 0; extracted !== 0; syncs++) {
      assert(syncs < 10, 'it calms down');
      extracted = await this.sync(allTaken);
    }
    const model = allIds.flatMap((id) => this.table.copies(id).map((version) => [this.table.recordId(id), this.table.properties(id, version)] as const));
    // The other modes and a baseline keep something back from the receiver; what each sync sent has been judged.
    if (this.story.baseline) for (const [id, record] of this.oracle.receiver) assert.deepEqual(record, new Map(model).get(id));
    else if (this.story.syncMode === 'mirror') assert.deepEqual(this.oracle.receiver, new Map(model), 'the receiver has what the model has');
    if (this.story.syncMode === 'upsert') for (const [id, record] of model) assert.deepEqual(this.oracle.receiver.get(id), record);
    assert.deepEqual(await this.bench.failures(), []);
    for (const result of await this.driver.warehouse.history('people_to_crm', 100)) assert(booksClose(result), JSON.stringify(result));
    assert.deepEqual([...(await this.bench.stateTables()).keys()].filter((name) => /^[a-z]_/.test(name)), [], 'no table is left over');
  }
}

const snowflakeTypes: readonly TypeCase[] = [
  { type: 'bigint', samples: [['0', 0], ['-1', -1], ['9007199254740991', 9007199254740991], ['9007199254740992', '9007199254740992'], ['9007199254740993', '9007199254740993']] },
  { type: 'text', samples: [['', ''], [' ', ' '], ['a', 'a'], ['A', 'A'], ['\\', '\\'], ['"', '"'], ['line\nbreak', 'line\nbreak'], ['é', 'é'], ['e\u0301', 'e\u0301'], ['😀', '😀']] },
  { type: 'boolean', samples: [['true', true], ['false', false]] },
];

/** Where lives are lived, with types whose values a quoted text is enough for. `share` of the runs: one room's SQL is what differs. */
const places: readonly { readonly name: string; readonly open: () => Promise<WarehouseHarness>; readonly share: number; readonly types: readonly TypeCase[]; readonly needs?: () => void }[] = [
  {
    name: 'PostgreSQL',
    open: openPostgres,
    share: 1,
    types: postgresTypes.filter(({ type }) => ['bigint', 'numeric', 'double precision', 'text', 'boolean', 'json', 'jsonb', 'text[]', 'timestamp with time zone', 'bytea', 'interval', 'character(3)'].includes(type)),
  },
  {
    name: 'DuckDB',
    open: openDuckdb,
    share: 0.2,
    types: duckdbTypes.filter(({ type }) => ['BIGINT', 'HUGEINT', 'DECIMAL(38,10)', 'DOUBLE', 'VARCHAR', 'BOOLEAN', 'JSON', 'TIMESTAMP WITH TIME ZONE', 'BLOB', 'INTERVAL'].includes(type)),
  },
  // One life in a hundred: on the emulator it takes half a minute.
  { name: 'Snowflake', open: openSnowflake, share: 0.005, types: snowflakeTypes, needs: needsSnowflake },
];

for (const { name, open, share, types, needs } of places) {
  describe(`any sequence of changes, failures and crashes in ${name}`, function () {
    this.timeout(timeLimitMs + 20_000);
    let harness: WarehouseHarness;
    needs?.();

    before(async () => {
      harness = await open();
    });
    after(() => harness.close());

    it('ends with the receiver equal to the model, and sends nothing that it need not', async () => {
      const life = fc.asyncProperty(storiesOf(types), async (one) => {
        try {
          await new Life(benchOf(harness), one).live();
        } finally {
          await harness.clear();
        }
      });
      await fc.assert(life, { ...again, numRuns: Math.ceil(runs * share), interruptAfterTimeLimit: timeLimitMs, markInterruptAsFailure: true });
    });
  });
}

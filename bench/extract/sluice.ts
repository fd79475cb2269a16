import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import pg from 'pg';
import type { StepInput } from '../../activities/types.js';
import { configurationOf, customersTo, stateSchema, type Places } from '../configuration.js';
import { createSteps, type Steps } from '../steps.js';
import { createLocalFiles } from '../../src/staging/local.js';
import { PageReader } from '../../src/staging/pages.js';
import type { Contender, Extraction } from './contender.js';

const subscription = customersTo('select * from customers');
const holder = 'bench';
const nowhere = 'http://127.0.0.1:9/'; // nothing is delivered here

/** Sluice itself: the worker's own steps, from `diffModel` to registered chunks. */
export class SluiceExtract implements Contender {
  readonly name = 'Sluice';
  private open: StepInput | null = null;

  constructor(private readonly places: Omit<Places, 'receiverUrl'>) {}

  async reset(): Promise<void> {
    await this.query(`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`);
    await rm(this.places.stagingFolder, { recursive: true, force: true });
  }

  async begin(): Promise<void> {
    this.open = await this.withSteps((steps) => steps.open(randomUUID()));
  }

  async extract(): Promise<Extraction> {
    const found = await this.withSteps(async (steps) => {
      const diffed = await steps.diff(this.sync);
      if (diffed.toSend > 0) await steps.stage(this.sync, diffed.toSend);
      return diffed;
    });
    const { added, updated, deleted } = found.extracted;
    return { added, updated, deleted, staged: found.toSend };
  }

  async stagedBytes(): Promise<number> {
    const store = createLocalFiles(this.places.stagingFolder);
    const { sync } = this.sync;
    let total = 0;
    for (const { chunk, file, sha256 } of await this.withSteps(({ warehouse }) => warehouse.registerChunks(sync, []))) {
      const pieces = store.readChunk({ subscriptionId: sync.subscriptionId, syncNumber: sync.number, chunk }, { name: file, sha256 });
      const pages = new PageReader();
      for await (const piece of pieces) {
        for (const { events, versions, ends } of pages.push(piece)) total += events.length + versions.length - 2 * ends.length;
      }
    }
    return total;
  }

  async acknowledge(): Promise<void> {
    await this.withSteps(async ({ warehouse }) => {
      const { sync } = this.sync;
      for (const { chunk, records } of await warehouse.registerChunks(sync, [])) {
        await warehouse.acquireChunk(sync, chunk, holder, 60_000);
        await warehouse.finishChunk(sync, chunk, holder, { succeeded: records, failed: 0, notSent: 0 }, none());
        await warehouse.releaseChunk(sync, chunk, holder);
      }
    });
    await rm(this.places.stagingFolder, { recursive: true, force: true });
  }

  async settle(): Promise<void> {
    await this.withSteps((steps) => steps.settle(this.sync));
  }

  async stateBytes(): Promise<number> {
    const rows = await this.query<{ bytes: string }>(`SELECT pg_total_relation_size('${stateSchema}.records_${subscription.id}') AS bytes`);
    return Number(rows[0]?.bytes);
  }

  private get sync(): StepInput {
    if (this.open === null) throw new Error('no sync was begun');
    return this.open;
  }

  private async withSteps<T>(work: (steps: Steps) => Promise<T>): Promise<T> {
    const steps = createSteps(configurationOf({ ...this.places, receiverUrl: nowhere }, subscription), subscription);
    try {
      return await work(steps);
    } finally {
      await steps.close();
    }
  }

  private async query<Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.places.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
}

async function* none(): AsyncGenerator<never> {
  // every record was taken
}

import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { bulkSettings, rawLines, type FloorStatements } from '../floors/settings.js';
import type { Contender, Extraction } from './contender.js';

interface Counts {
  readonly added: string;
  readonly updated: string;
  readonly deleted: string;
  readonly unfit: string;
}

/** Runs a hand-written extract: its statements, one COPY, and its bytes into one file as they come. */
export class Floor implements Contender {
  private syncs = 0;
  private bytes = 0;

  constructor(
    readonly name: string,
    private readonly url: string,
    private readonly file: string,
    private readonly statements: FloorStatements,
  ) {}

  async reset(): Promise<void> {
    this.syncs = 0;
    await this.transaction((client) => client.query(`DROP SCHEMA IF EXISTS ${this.statements.schema} CASCADE; ${this.statements.create}`));
  }

  async begin(): Promise<void> {
    this.syncs += 1;
  }

  async extract(): Promise<Extraction> {
    const { diffFirst, diffNext, countFirst, countNext, linesFirst, linesNext } = this.statements;
    const first = this.syncs === 1;
    return this.transaction(async (client) => {
      await client.query(first ? diffFirst : diffNext);
      const counted = await client.query<Counts>(first ? countFirst : countNext);
      const counts = counted.rows[0];
      if (counts === undefined || Number(counts.unfit) > 0) throw new Error(`${this.name}: the measured data holds duplicates, missing ids or oversized values, which it never should`);
      const [added, updated, deleted] = [Number(counts.added), Number(counts.updated), Number(counts.deleted)];
      this.bytes = await this.stage(client, first ? linesFirst : linesNext);
      return { added, updated, deleted, staged: added + updated + deleted };
    });
  }

  async stagedBytes(): Promise<number> {
    return this.bytes;
  }

  async acknowledge(): Promise<void> {
    await rm(this.file);
  }

  async settle(): Promise<void> {
    await this.transaction((client) => client.query(this.syncs === 1 ? this.statements.settleFirst : this.statements.settleNext));
  }

  async stateBytes(): Promise<number> {
    const found = await this.transaction((client) => client.query<{ bytes: string }>(`SELECT pg_total_relation_size('${this.statements.schema}.records') AS bytes`));
    return Number(found.rows[0]?.bytes);
  }

  private async stage(client: pg.Client, lines: string): Promise<number> {
    const copy = client.query(copyTo(`COPY (${lines.replaceAll('$SYNC', String(this.syncs))}) TO STDOUT ${rawLines}`));
    let bytes = 0;
    const counting = new Transform({
      transform(block: Buffer, _encoding, done) {
        bytes += block.length;
        done(null, block);
      },
    });
    await pipeline(copy, counting, createWriteStream(this.file, { highWaterMark: 1024 * 1024 }));
    return bytes;
  }

  private async transaction<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(`BEGIN; ${bulkSettings}`);
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } finally {
      await client.end();
    }
  }
}

import pg from 'pg';
import type { Contender } from './contender.js';

/** Someone else's program: one command finds what changed and keeps the state itself, so that nothing is left to acknowledge or to settle. */
export abstract class Peer implements Contender {
  abstract readonly name: string;
  protected abstract readonly stateTable: string;

  constructor(protected readonly databaseUrl: string) {}

  abstract reset(): Promise<void>;
  abstract extract(): Promise<null>;

  async begin(): Promise<void> {
    // one command does everything
  }

  async stagedBytes(): Promise<number> {
    return 0; // it doesn't tell
  }

  async acknowledge(): Promise<void> {
    // it takes everything for delivered
  }

  async settle(): Promise<void> {
    // done already
  }

  async stateBytes(): Promise<number> {
    const rows = await this.query<{ bytes: string }>(`SELECT pg_total_relation_size('${this.stateTable}') AS bytes`);
    return Number(rows[0]?.bytes);
  }

  protected async query<Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
}

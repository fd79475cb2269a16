import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parentOf, processorSecondsOf } from './processor-time.js';

/** What one piece of work cost. */
export interface Cost {
  readonly seconds: number;
  /** Processor time of this process. */
  readonly nodeSeconds: number;
  /** Processor time of the server with all its processes; null where the system doesn't tell. */
  readonly postgresSeconds: number | null;
  readonly walBytes: number;
  /** Written to temporary files, because memory did not suffice. */
  readonly tempBytes: number;
  /** The largest resident size of this process, sampled. */
  readonly peakRssBytes: number;
}

/** Connections of this name do nothing while something is measured. */
export const idleWatcher = 'bench';

const sampleEveryMs = 20;

/** Measures what work costs this process and the database server. One piece of work at a time. */
export class Meter {
  private constructor(
    private readonly client: pg.Client,
    private readonly postmaster: number | null,
  ) {}

  static async connect(url: string): Promise<Meter> {
    const client = new pg.Client({ connectionString: url, application_name: idleWatcher });
    await client.connect();
    const found = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new Meter(client, parentOf(found.rows[0]?.pid ?? 0));
  }

  /** Starts after a checkpoint, so that none that another's work calls for falls into this one. `work` closes its connections: only then does the server add up what they did. */
  async measure<T>(work: () => Promise<T>): Promise<{ readonly cost: Cost; readonly result: T }> {
    await this.client.query('CHECKPOINT');
    const before = await this.readServer();
    const cpu = process.cpuUsage();
    let peakRssBytes = process.memoryUsage.rss();
    const sampler = setInterval(() => {
      peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
    }, sampleEveryMs);
    const startedAt = performance.now();
    try {
      const result = await work();
      const seconds = (performance.now() - startedAt) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      await this.untilAlone();
      const after = await this.readServer();
      const cost = {
        seconds,
        nodeSeconds: (user + system) / 1_000_000,
        postgresSeconds: after.processor === null || before.processor === null ? null : after.processor - before.processor,
        walBytes: after.wal - before.wal,
        tempBytes: after.temp - before.temp,
        peakRssBytes,
      };
      return { cost, result };
    } finally {
      clearInterval(sampler);
    }
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  private async readServer(): Promise<{ wal: number; temp: number; processor: number | null }> {
    const processor = this.postmaster === null ? null : processorSecondsOf(this.postmaster);
    const found = await this.client.query<{ wal: string; temp: string }>(
      `SELECT pg_current_wal_insert_lsn() - '0/0' AS wal, temp_bytes AS temp FROM pg_stat_database WHERE datname = current_database()`,
    );
    return { wal: Number(found.rows[0]?.wal), temp: Number(found.rows[0]?.temp), processor };
  }

  private async untilAlone(): Promise<void> {
    for (;;) {
      const others = await this.client.query(`SELECT FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker') AND application_name <> $1`, [idleWatcher]);
      if (others.rowCount === 0) return;
      await sleep(10);
    }
  }
}

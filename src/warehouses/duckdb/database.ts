import type * as Driver from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError, WarehouseRefusedError } from '../../errors/errors.js';
import { asWarehouseError, isLocked } from './errors.js';
import { literal } from './names.js';

export interface DatabaseSettings {
  /** Absolute, or `md:…` for MotherDuck. */
  readonly path: string;
  /** For MotherDuck. */
  readonly token: string | null;
  /** What DuckDB may hold in memory, as it writes sizes; beyond it, it goes on in temporary files beside the database. Null: little, and more when a statement can't do with it. */
  readonly memoryLimit: string | null;
  readonly threads: number;
}

/**
 * What the memory limit doesn't count, kept small: each thread compresses the texts of 120,000 records at a time, beside the records, and holds five such groups before it writes them.
 * Without, the records of a sync take more space on disk while it runs.
 */
const frugal = `SET GLOBAL disabled_compression_methods = 'fsst,dict_fsst,dictionary,zstd'; SET GLOBAL write_buffer_row_group_count = 1`;

/** Where the settings name no limit, in MB. The least is enough for a few dozen columns of short texts: what DuckDB can't put into temporary files grows with the number of columns and the length of texts. */
const leastMemory = 64;
const mostMemory = 1024;
/** What a file that nobody uses may keep in memory, in MB: the blocks that the next lease needs. */
const idleMemory = 16;

/** Longer than a lease goes without renewal, so that nobody takes the file in the middle of a load. */
const letGoAfterMs = 5_000;
/** How long to wait for another process to let go of the file: as long as a worker keeps it after a sync, and some. */
const waitForLockMs = 15_000;

/**
 * One file, opened when it is needed and let go when it isn't: a DuckDB file belongs to one process at a time, and between syncs others may want it.
 * All of a process share one instance of a file (DuckDBInstance.fromCache); two would not see each other's rows.
 */
export class Database {
  private instance: Promise<DuckDBInstance> | null = null;
  private readonly idle: DuckDBConnection[] = [];
  private users = 0;
  private letGo: NodeJS.Timeout | undefined;
  private allowedMemory = leastMemory;
  private trimmed: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly source: string,
    private readonly settings: DatabaseSettings,
  ) {}

  /** A connection that nobody else uses until `giveBack`. Throws SluiceErrors. */
  async connect(): Promise<DuckDBConnection> {
    clearTimeout(this.letGo);
    this.users += 1;
    await this.trimmed;
    try {
      this.instance ??= this.open();
      const instance = await this.instance;
      return this.idle.pop() ?? (await prepared(await instance.connect()));
    } catch (error) {
      this.instance = null;
      this.users -= 1;
      throw asWarehouseError(this.source, error);
    }
  }

  /** @param reusable no transaction is open on it, and no interrupt may be on its way */
  giveBack(connection: DuckDBConnection, reusable: boolean): void {
    if (reusable && this.instance !== null) this.idle.push(connection);
    else connection.closeSync();
    this.users -= 1;
    if (this.users > 0) return;
    this.trimmed = this.trim();
    this.letGo = setTimeout(() => void this.close(), letGoAfterMs).unref();
  }

  /** From now on a statement may have twice the memory. False where the settings fix it, and where it has the most already. */
  async allowMore(): Promise<boolean> {
    if (this.settings.memoryLimit !== null || this.allowedMemory >= mostMemory) return false;
    this.allowedMemory *= 2;
    const connection = await (await this.instance)?.connect();
    await connection?.run(`SET GLOBAL memory_limit = ${this.memoryLimit}`);
    connection?.closeSync();
    return true;
  }

  private get memoryLimit(): string {
    return literal(this.settings.memoryLimit ?? `${this.allowedMemory}MB`);
  }

  /** DuckDB keeps what it has read and written, up to its limit, and a load has no use for it. */
  private async trim(): Promise<void> {
    await this.idle[0]?.run(`SET GLOBAL memory_limit = '${idleMemory}MB'; SET GLOBAL memory_limit = ${this.memoryLimit}`).catch(() => undefined); // it may need more than that: then it keeps it
  }

  async close(): Promise<void> {
    clearTimeout(this.letGo);
    await this.trimmed;
    const instance = this.instance;
    this.instance = null;
    for (const connection of this.idle.splice(0)) connection.closeSync();
    (await instance?.catch(() => null))?.closeSync();
  }

  private async open(): Promise<DuckDBInstance> {
    const { path, token, threads } = this.settings;
    const remote = path.startsWith('md:');
    if (!remote && !existsSync(path)) throw new WarehouseRefusedError(`warehouse "${this.source}": there is no file ${path}: check \`path\`; Sluice makes no database of its own`);
    const { DuckDBInstance: instances } = await loadDriver(this.source);
    const instance = await patiently(() => instances.fromCache(path, token === null ? {} : { motherduck_token: token }));
    const connection = await instance.connect();
    try {
      await connection.run(`SET GLOBAL memory_limit = ${this.memoryLimit}; SET GLOBAL threads = ${threads}; SET GLOBAL preserve_insertion_order = false; ${frugal}`);
    } finally {
      connection.closeSync();
    }
    return instance;
  }
}

/** Whatever changes a value's text is pinned, so that a checksum never depends on where a statement runs. */
async function prepared(connection: DuckDBConnection): Promise<DuckDBConnection> {
  await connection.run(`SET SESSION TimeZone = 'UTC'; SET SESSION Calendar = 'gregorian'`);
  return connection;
}

async function patiently<T>(open: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitForLockMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

/** The package is 70 MB of native code and optional: nothing of it is loaded before a source of type duckdb asks. */
async function loadDriver(source: string): Promise<typeof Driver> {
  // Read once, by the allocator inside DuckDB, when it is loaded: freed memory goes back to the system at once rather than after a while. A sync gets no slower by it.
  process.env['DUCKDB_JE_MALLOC_CONF'] ??= 'narenas:1,tcache:false,dirty_decay_ms:0,muzzy_decay_ms:0';
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it failed while loading';
    throw new ConfigurationError([`source "${source}" is of type duckdb, which needs DuckDB (${code}): run \`npm install @duckdb/node-api@1.5.6-r.1\``]);
  }
}

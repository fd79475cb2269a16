import { randomBytes } from 'node:crypto';
import { access, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { WarehouseUnavailableError } from '../errors/errors.js';
import { type GuardedProcess, startGuarded } from './guarded-process.js';
import { choosePort, loopback } from './ports.js';
import { postgresBinaries } from './postgres-binaries.js';
import { clearStaleLock } from './postgres-lock.js';
import { postgresHome, type PostgresHome } from './postgres-user.js';

export interface StartPostgresOptions {
  /** Found again by the next start. Holds the password too, readable by its owner only. */
  readonly dataFolder: string;
  /** Left out: any free port. */
  readonly port?: number;
  /** More arguments for the server, such as `-c fsync=off`. */
  readonly flags?: readonly string[];
  readonly log: (line: string) => void;
}

export interface PostgresServer {
  /** The database `postgres`, as superuser, password included: not for logs. */
  readonly url: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
/** Nothing of the caller's environment but the time zone decides how the server behaves. */
const { PATH = '/usr/bin:/bin', TZ } = process.env;
const serverEnv = { PATH, LC_ALL: 'C', ...(TZ ? { TZ } : {}) };

/**
 * Starts the PostgreSQL that npm installed (UTF-8, locale C) on 127.0.0.1 only, as root too. It never outlives this process, and a
 * crash of an earlier run doesn't keep it from starting. Resolves when it answers.
 * @throws RefusedError when the port is taken, the data is in use or belongs to someone else, or there is no binary for this system
 * @throws WarehouseUnavailableError when the server ends or stays silent; its last output is in the message
 */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresServer> {
  const home = await postgresHome(resolve(options.dataFolder));
  const binaries = await postgresBinaries(home.user);
  const data = join(home.folder, 'data');
  const password = await findPassword(home);
  const exists = await access(data).then(() => true, () => false);
  if (exists) await clearStaleLock(data);
  else await initialize(home, binaries, options.log);

  const port = await choosePort({ purpose: 'PostgreSQL', asked: options.port });
  const server = startGuarded({
    command: join(binaries, 'postgres'),
    args: ['-D', data, '-p', String(port), '-c', `listen_addresses=${loopback}`, '-c', 'unix_socket_directories=', ...(options.flags ?? [])],
    abandonedSignal: 'SIGQUIT',
    env: serverEnv,
    user: home.user,
  });
  const url = `postgres://postgres:${password}@${loopback}:${port}/postgres`;
  await untilAnswering(server, url, `${loopback}:${port}`);
  options.log(`PostgreSQL: serving ${loopback}:${port}, its data in ${home.folder}`);
  return { url, stop: () => server.stop() };
}

async function findPassword(home: PostgresHome): Promise<string> {
  const file = join(home.folder, 'password');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return kept.trim();
  const password = randomBytes(24).toString('hex');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  if (home.user !== null) await chown(file, home.user.uid, home.user.gid);
  return password;
}

/** Under another name first, so that a start that is killed halfway leaves no half-made data behind. */
async function initialize(home: PostgresHome, binaries: string, log: (line: string) => void): Promise<void> {
  log(`PostgreSQL: making a new database in ${home.folder} …`);
  const unfinished = join(home.folder, 'data.unfinished');
  await rm(unfinished, { recursive: true, force: true });
  const initdb = startGuarded({
    command: join(binaries, 'initdb'),
    args: [
      ...['-D', unfinished, '--username', 'postgres', '--pwfile', join(home.folder, 'password')],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-instructions'],
    ],
    abandonedSignal: 'SIGKILL',
    env: serverEnv,
    user: home.user,
  });
  const code = await initdb.exited;
  if (code !== 0) {
    throw new WarehouseUnavailableError(`making a PostgreSQL database in ${home.folder} failed (${code}). Its last output:\n${initdb.lastOutput()}`);
  }
  await rename(unfinished, join(home.folder, 'data'));
}

async function untilAnswering(server: GuardedProcess, url: string, where: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(url))) {
    const silent = performance.now() > deadline;
    if (!silent && server.isRunning()) {
      await sleep(50);
      continue;
    }
    await server.stop();
    throw new WarehouseUnavailableError(
      `the embedded PostgreSQL ${silent ? `did not answer for ${startTimeoutMs / 1000} s` : `ended (${await server.exited})`} ` +
        `at ${where}. Its last output:\n${server.lastOutput()}`,
    );
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // a connection that breaks is an answer too: not yet
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

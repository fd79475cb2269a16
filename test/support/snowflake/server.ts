import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { startGuarded, type GuardedProcess } from '../../../src/devserver/guarded-process.js';
import { choosePort, loopback } from '../../../src/devserver/ports.js';
import { defaultCacheFolder } from '../../../src/devserver/temporal-cli.js';

const run = promisify(execFile);
const here = import.meta.dirname;
const installTimeoutMs = 300_000;
const startTimeoutMs = 60_000;

/** A Snowflake protocol server of this test run. */
export interface SnowflakeEmulator {
  readonly url: string;
  readonly pid: number;
  /** Asks the server about itself, or tells it what to do wrong. */
  ask(what: 'statements' | 'logins' | 'running' | 'fault' | 'stage' | 'lose_file', request?: unknown): Promise<unknown>;
}

/** Why there can't be one; the tests that need it are skipped with these words. */
export class NoEmulatorError extends Error {}

let shared: Promise<{ readonly emulator: SnowflakeEmulator; readonly process: GuardedProcess }> | null = null;

/** The one server of this run, started when the first test asks for it. @throws NoEmulatorError where Python, or a registry to install from, is missing */
export async function sharedEmulator(): Promise<SnowflakeEmulator> {
  shared ??= start();
  return (await shared).emulator;
}

export async function stopSharedEmulator(): Promise<void> {
  const started = await shared?.catch(() => null);
  await started?.process.stop();
}

async function start(): Promise<{ readonly emulator: SnowflakeEmulator; readonly process: GuardedProcess }> {
  const packages = await installedPackages();
  const port = await choosePort({ purpose: 'the Snowflake protocol server', asked: undefined });
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' } as Record<string, string>;
  const python = startGuarded({ command: 'python3', args: [join(here, 'emulator.py'), String(port)], abandonedSignal: 'SIGKILL', env });
  const url = `http://${loopback}:${port}`;
  const ask = async (what: string, request: unknown = null): Promise<unknown> => {
    const response = await fetch(`${url}/test/${what}`, { method: 'POST', body: JSON.stringify(request) });
    return response.json();
  };
  const deadline = Date.now() + startTimeoutMs;
  while (!(await ask('running').then(() => true, () => false))) {
    if (!python.isRunning()) throw new Error(`the Snowflake protocol server did not start: ${python.lastOutput()}`);
    if (Date.now() > deadline) throw new Error(`the Snowflake protocol server did not answer: ${python.lastOutput()}`);
    await sleep(50);
  }
  return { emulator: { url, pid: python.pid, ask }, process: python };
}

/** The folder with the pinned packages, installed once into the user's cache. It is moved to its place when it is whole, so that several runs don't harm each other. */
async function installedPackages(): Promise<string> {
  const requirements = join(here, 'requirements.txt');
  const { stdout: version } = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']).catch(() => {
    throw new NoEmulatorError('python3 is not installed');
  });
  const digest = createHash('sha256').update(await readFile(requirements)).digest('hex').slice(0, 12);
  const cache = defaultCacheFolder();
  const folder = join(cache, `snowflake-emulator-${version.trim()}-${digest}`);
  if (await access(folder).then(() => true, () => false)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'fetching-'));
  try {
    const pip = ['-m', 'pip', 'install', '--target', unfinished, '--only-binary', ':all:', '--no-deps', '--no-input', '--quiet', '-r', requirements];
    const env = { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
    await run('python3', pip, { timeout: installTimeoutMs, env }).catch((error: unknown) => {
      const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
      throw new NoEmulatorError(`pip could not install what it runs on: ${stderr.split('\n').at(-1) ?? ''}`);
    });
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!(await access(folder).then(() => true, () => false))) throw error; // another run was first
    });
    return folder;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

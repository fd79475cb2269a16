import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { RefusedError } from '../errors/errors.js';
import type { ProcessUser } from './guarded-process.js';

/** Where root keeps what another user must be able to read. */
export const systemFolder = '/var/lib/sluice';

/** A folder that PostgreSQL can use, and the user that it runs as; null for the current one. */
export interface PostgresHome {
  readonly folder: string;
  readonly user: ProcessUser | null;
}

/**
 * PostgreSQL refuses to run as root. As root we run it as whoever owns the data, or else as the system's user `postgres`, or else as
 * `nobody`; where that user may not enter the folder, its content lives under /var/lib/sluice and the folder holds a link to it.
 * @throws RefusedError when the folder's content belongs to a user that we can't act as
 */
export async function postgresHome(dataFolder: string): Promise<PostgresHome> {
  await mkdir(dataFolder, { recursive: true });
  const ownUid = process.getuid?.() ?? null;
  if (ownUid !== 0) {
    const owner = (await stat(dataFolder)).uid;
    if (ownUid !== null && owner !== ownUid) {
      throw new RefusedError(
        `the PostgreSQL data in ${dataFolder} belongs to another user (uid ${owner}), as it does after a start as root; ` +
          'start as that user or as root again, or choose another folder',
      );
    }
    return { folder: dataFolder, user: null };
  }
  const user = (await ownerOf(dataFolder)) ?? systemUser();
  await chown(dataFolder, user.uid, user.gid);
  if (mayEnter(dataFolder, user)) return { folder: dataFolder, user };
  return { folder: await linkedFolder(dataFolder, user), user };
}

/** Whether a user may enter a folder, which depends on every folder above it. Only root can ask this about others. */
export function mayEnter(folder: string, user: ProcessUser): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1" && test -r .', 'sh', folder], { cwd: '/', ...user }).status === 0;
}

async function ownerOf(folder: string): Promise<ProcessUser | null> {
  const { uid, gid } = await stat(folder);
  return uid === 0 ? null : { uid, gid };
}

function systemUser(): ProcessUser {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim());
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new RefusedError(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it as; start as another user',
  );
}

/** Without the link, the folder was wiped or is new: what an earlier one left behind goes. */
async function linkedFolder(dataFolder: string, user: ProcessUser): Promise<string> {
  const hash = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
  const folder = join(systemFolder, `data-${hash}`);
  const link = join(dataFolder, 'link');
  const linked = await lstat(link).then(() => true, () => false);
  if (!linked) await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(folder, { recursive: true });
  await chown(folder, user.uid, user.gid);
  if (!linked) await symlink(folder, link);
  return folder;
}

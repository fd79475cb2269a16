import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { RefusedError } from '../errors/errors.js';

/** A server whose parent was killed takes this long at most to end, by its guard. */
const waitForEndMs = 8_000;

/**
 * PostgreSQL trusts its lock file for as long as any process has the number in it, which after a crash may be a stranger's. So the
 * file goes unless that process serves this data.
 * @throws RefusedError when one does, and goes on doing so
 */
export async function clearStaleLock(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  const deadline = performance.now() + waitForEndMs;
  for (;;) {
    const pid = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0]);
    if (!(pid > 0)) return;
    if (!(await commandLine(pid)).includes(data)) {
      await rm(lock, { force: true });
      return;
    }
    if (performance.now() > deadline) {
      throw new RefusedError(`the PostgreSQL data in ${data} is in use by process ${pid}; stop what started it, or choose another folder`);
    }
    await sleep(100);
  }
}

async function commandLine(pid: number): Promise<string> {
  const fromProc = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  if (fromProc !== null || process.platform === 'linux') return fromProc ?? '';
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return ps.then(({ stdout }) => stdout, () => '');
}

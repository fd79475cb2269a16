import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckItem } from '../../contract/reports.js';

/** Makes and removes a folder with a file in it. The destination's own folder stays: the first sync would make it too. */
export async function checkFolder(path: string): Promise<readonly CheckItem[]> {
  const what = `writes to ${path}`;
  try {
    await mkdir(path, { recursive: true });
    const folder = await mkdtemp(join(path, '.check-'));
    try {
      await writeFile(join(folder, 'probe'), 'probe');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return [{ what, problem: null }];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return [{ what, problem: `${path} cannot be written to (${code}): make room, correct the destination's path, or let the worker write there` }];
  }
}

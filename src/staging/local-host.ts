import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingUnavailableError } from '../errors/errors.js';
import { codeOf, onFiles, unlessGone } from './local-errors.js';

const hostPattern = /^[0-9a-f]{12}$/;

/** Names the staging folder, and with it the host: made with the folder's first use and kept there, so that a worker that starts anew knows its own. */
export async function hostOfFolder(root: string): Promise<string> {
  const file = join(root, '.host');
  return onFiles(root, 'the name of this host', async () => {
    await mkdir(root, { recursive: true });
    const found = (await unlessGone<string | null>(readFile(file, 'utf8'), null)) ?? (await makeHost(file));
    if (!hostPattern.test(found)) throw new StagingUnavailableError(`${file} does not name a host; remove it when no sync runs, and start the workers again`);
    return found;
  });
}

/** Whoever is first names the folder. The file appears whole: it is linked to its place. */
async function makeHost(file: string): Promise<string> {
  const host = randomBytes(6).toString('hex');
  const draft = `${file}.${host}`;
  try {
    await writeFile(draft, host, { flush: true });
    await link(draft, file);
    return host;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return await readFile(file, 'utf8');
  } finally {
    await rm(draft, { force: true });
  }
}

import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FileFormat } from '../../src/destinations/file/config.js';
import { createFileDestination } from '../../src/destinations/file/file.js';
import type { Destination } from '../../src/destinations/destination.js';
import { fileConfig } from '../support/file-destination.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { DestinationHarness } from './destination-suite.js';

interface Line {
  readonly event: string;
  readonly __segment_id: string;
  readonly properties: unknown;
}

export async function openFiles(format: Extract<FileFormat, { format: 'jsonl' }>, gzip: boolean): Promise<DestinationHarness> {
  const folder = await temporaryFolder();
  const root = join(folder.path, 'exports');
  const files = createFileDestination('crm', fileConfig(root, { ...format, gzip }));
  const delivered = new Set<number>();
  let fail = false;
  const destination: Destination = {
    ...files,
    deliver: async (batch, signal) => {
      // A folder that leads to itself can't be opened, not even by root.
      if (fail) await symlink('exports', root);
      const answer = await files.deliver(batch, signal);
      if (fail) await rm(root);
      fail = false;
      delivered.add(batch.syncNumber);
      return answer;
    },
  };
  return {
    destination,
    state: async () => {
      for (const syncNumber of delivered) await files.publish?.({ subscriptionId: 'customers_to_crm', syncNumber });
      return stateIn(join(root, 'customers_to_crm'));
    },
    failNextAttempt: () => {
      fail = true;
    },
    refuseCredentials: () => writeFile(root, 'a file where the folder should be'),
    close: () => folder.remove(),
  };
}

/** What applying all published files in order comes to. */
async function stateIn(folder: string): Promise<ReadonlyMap<string, unknown>> {
  await mkdir(folder, { recursive: true });
  const published = (await readdir(folder, { recursive: true })).filter((name) => /^sync-\d+.part-/.test(name)).sort();
  const texts = published.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  });
  return applyLines(await Promise.all(texts));
}

/** What a reader has that applies the records of all files in order. */
export function applyLines(texts: readonly string[]): ReadonlyMap<string, unknown> {
  const state = new Map<string, unknown>();
  for (const line of texts.flatMap((text) => text.trimEnd().split('\n'))) {
    const record = JSON.parse(line) as Line;
    if (record.event === 'deleted') state.delete(record.__segment_id);
    else state.set(record.__segment_id, record.properties);
  }
  return state;
}

import { gunzipSync } from 'node:zlib';
import type { FileFormat } from '../../src/destinations/file/config.js';
import { createFileDestination } from '../../src/destinations/file/file.js';
import type { Destination } from '../../src/destinations/destination.js';
import { s3FileConfig } from '../support/file-destination.js';
import { TestBucket } from '../support/s3.js';
import type { DestinationHarness } from './destination-suite.js';
import { applyLines } from './file-harness.js';

export async function openS3Files(format: Extract<FileFormat, { format: 'jsonl' }>, gzip: boolean): Promise<DestinationHarness> {
  const bucket = await TestBucket.make();
  const files = createFileDestination('crm', s3FileConfig(bucket, { ...format, gzip }));
  const delivered = new Set<number>();
  let fail = false;
  const destination: Destination = {
    ...files,
    deliver: async (batch, signal) => {
      if (fail) await bucket.refuse(503, 'SlowDown', 1);
      fail = false;
      delivered.add(batch.syncNumber);
      return files.deliver(batch, signal);
    },
  };
  /** What applying all published files in order comes to, by their manifests. */
  const state = async (): Promise<ReadonlyMap<string, unknown>> => {
    const texts: string[] = [];
    for (const key of (await bucket.keys('customers_to_crm/')).filter((name) => name.endsWith('/manifest.json'))) {
      const manifest = JSON.parse(String(await bucket.get(key))) as { readonly files: readonly { readonly name: string }[] };
      for (const { name } of manifest.files) {
        const bytes = (await bucket.get(key.replace('manifest.json', name))) ?? Buffer.alloc(0);
        texts.push((gzip ? gunzipSync(bytes) : bytes).toString('utf8'));
      }
    }
    return applyLines(texts);
  };
  return {
    destination,
    state: async () => {
      await bucket.refuse(503, 'SlowDown', 0);
      for (const syncNumber of delivered) await files.publish?.({ subscriptionId: 'customers_to_crm', syncNumber });
      return state();
    },
    failNextAttempt: () => {
      fail = true;
    },
    refuseCredentials: () => bucket.refuse(403, 'AccessDenied'),
    close: async () => {
      await files.close();
      await bucket.close();
    },
  };
}

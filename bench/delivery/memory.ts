import { join } from 'node:path';
import { Customers } from '../extract/customers.js';
import { memoryOf, type Memory } from '../memory.js';
import { startReceiver } from './receiver-process.js';
import { connections } from './run.js';
import { staged } from './staged.js';

export interface LoadMemoryOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly rows: readonly number[];
  readonly log: (line: string) => void;
}

/** What a process takes that does the load of a first sync, and nothing else: for each size a new one. */
export async function measureLoadMemory({ databaseUrl, folder, rows, log }: LoadMemoryOptions): Promise<readonly Memory[]> {
  const receiver = await startReceiver();
  const places = { databaseUrl, receiverUrl: receiver.url, stagingFolder: join(folder, 'staging') };
  const found: Memory[] = [];
  try {
    for (const count of rows) {
      const customers = await Customers.create(databaseUrl, count);
      try {
        const memory = await staged(places, {}, async (sync, chunks, steps) => {
          await steps.close();
          return memoryOf(new URL('memory-process.js', import.meta.url), [places, sync, chunks, connections].map((value) => JSON.stringify(value)));
        });
        found.push(memory);
      } finally {
        await customers.drop();
      }
      log(`${count} records: the memory of their load`);
    }
    return found;
  } finally {
    await receiver.stop();
  }
}

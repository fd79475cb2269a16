import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Resident bytes of a process that does one first sync's extract, and nothing else. */
export interface Memory {
  readonly atStart: number;
  readonly peak: number;
  /** What it staged. */
  readonly records: number;
}

/** Runs an extract of all of `customers` in a process of its own. */
export async function measureMemory(databaseUrl: string, stagingFolder: string): Promise<Memory> {
  const child = fork(fileURLToPath(new URL('memory-process.ts', import.meta.url)), [databaseUrl, stagingFolder], { execArgv: ['--import', 'tsx'] });
  const [memory] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process whose memory is measured ended with ${code}`)))])) as [Memory];
  await once(child, 'exit');
  return memory;
}

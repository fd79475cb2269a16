import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Resident bytes of a process that does one piece of work, and nothing else. */
export interface Memory {
  readonly atStart: number;
  readonly peak: number;
  /** How many records it staged or delivered. */
  readonly records: number;
}

/** Runs a compiled program in a process of its own, under this one's settings, which ends with `tellMemory`. */
export async function memoryOf(program: URL, args: readonly string[]): Promise<Memory> {
  const child = fork(fileURLToPath(program), [...args], { execArgv: process.execArgv });
  const [memory] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process whose memory is measured ended with ${code}`)))])) as [Memory];
  await once(child, 'exit');
  return memory;
}

/** Tells the parent what memory this process has taken. */
export function tellMemory(atStart: number, records: number): void {
  const memory: Memory = { atStart, peak: process.resourceUsage().maxRSS * 1024, records };
  process.send?.(memory);
  process.disconnect();
}

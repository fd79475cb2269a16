import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Rig } from './sluice.js';

const program = fileURLToPath(new URL('./programs/worker.ts', import.meta.url));

/** A worker for the rig's configuration in a process of its own. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it polls. `address`: by which it reaches Temporal, where that isn't the rig's. */
  static async start({ configuration, folder, address, namespace }: Rig, by: { readonly address: string } = { address }): Promise<WorkerProcess> {
    const file = join(folder, `worker-${randomUUID()}.json`);
    await writeFile(file, JSON.stringify(configuration));
    const child = fork(program, [file, by.address, namespace], { execArgv: ['--import', 'tsx'] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the worker's process ended with ${String(code)} before it was ready`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return new WorkerProcess(child);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return exitCode ?? signalCode ?? 0;
    const exit = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.child.kill(signal);
    const [code, by] = await exit;
    return code ?? by ?? 0;
  }
}

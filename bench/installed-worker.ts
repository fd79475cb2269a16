import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { loadConfiguration, type Configuration } from '../src/config/index.js';
import { startGuarded, type GuardedProcess } from '../src/devserver/guarded-process.js';
import type { TemporalServer } from '../src/devserver/temporal.js';

export interface InstalledWorker {
  readonly process: GuardedProcess;
  readonly configuration: Configuration;
  stop(): Promise<void>;
}

let built = false;

/** `sluice worker` as it is installed, in a process of its own, by a sluice.yaml in a folder that goes with it. */
export async function startInstalledWorker(folder: string, sluiceYaml: unknown, { address, namespace }: TemporalServer): Promise<InstalledWorker> {
  if (!built) await promisify(execFile)('npm', ['run', 'build']);
  built = true;
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'sluice.yaml');
  await writeFile(file, JSON.stringify(sluiceYaml)); // JSON is YAML
  const worker = startGuarded({ command: resolve('dist/src/cli/main.js'), args: ['worker', '--config', file, '--address', address, '--namespace', namespace], abandonedSignal: 'SIGKILL' });
  await untilStarted(worker);
  return {
    process: worker,
    configuration: await loadConfiguration(file, process.env),
    stop: async () => {
      await worker.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function untilStarted(worker: GuardedProcess): Promise<void> {
  while (!worker.lastOutput().includes('worker started')) {
    if (!worker.isRunning()) throw new Error(`the worker ended at once:\n${worker.lastOutput()}`);
    await sleep(100);
  }
  await sleep(2000); // until it has nothing left to load
}

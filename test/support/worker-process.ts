import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/index.js';
import { startGuarded, type GuardedProcess } from '../../src/devserver/guarded-process.js';
import { sluiceProgram } from './program.js';
import { eventually, type Rig } from './sluice.js';

/** A busy machine takes its time. */
const startWithinMs = 60_000;

/** `sluice worker` for the rig's configuration, in a process of its own that never outlives this one. */
export class WorkerProcess {
  private constructor(private readonly process: GuardedProcess) {}

  /** Resolves when it has started. `address`: by which it reaches Temporal, where that isn't the rig's. */
  static async start({ configuration, folder, address, namespace }: Rig, by: { readonly address: string } = { address }): Promise<WorkerProcess> {
    const file = join(folder, `worker-${randomUUID()}.yaml`);
    await writeFile(file, JSON.stringify(asFile(configuration))); // JSON is YAML
    const args = [await sluiceProgram(), 'worker', '--config', file, '--address', by.address, '--namespace', namespace];
    const worker = startGuarded({ command: process.execPath, args, abandonedSignal: 'SIGKILL' });
    await eventually('the worker starts', () => {
      if (!worker.isRunning()) throw new Error(`the worker ended at once:\n${worker.lastOutput()}`);
      return worker.lastOutput().includes('worker started');
    }, startWithinMs);
    return new WorkerProcess(worker);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.process.isRunning()) process.kill(this.process.pid, signal);
  }

  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    this.signal(signal);
    return this.process.exited;
  }
}

/** A configuration as sluice.yaml writes it, as far as a worker needs it. */
function asFile({ workspace, staging, sources, destinations }: Configuration): unknown {
  const readFrom = Object.entries(sources).map(([name, source]) => [name, { type: source.type, url: source.type === 'postgres' ? source.url : '' }]);
  const sentTo = Object.entries(destinations).map(([name, destination]) => [name, destinationAsFile(destination)]);
  return {
    workspace: { id: workspace.id },
    staging: stagingAsFile(staging),
    sources: Object.fromEntries(readFrom) as unknown,
    destinations: Object.fromEntries(sentTo) as unknown,
  };
}

function destinationAsFile({ timeoutMs, giveUpAfterMs, rateLimit, ...rest }: Configuration['destinations'][string]): unknown {
  const limits = { timeout: `${timeoutMs}ms`, giveUpAfter: `${giveUpAfterMs}ms`, rateLimit: rateLimit === null ? null : { records: rateLimit.records, per: `${rateLimit.perMs}ms` } };
  if (rest.type !== 'file') return { ...rest, ...limits };
  const { s3, columns, ...file } = rest;
  return { ...file, ...s3, ...(columns === null ? {} : { columns }), ...limits };
}

function stagingAsFile({ retainMs, ...staging }: Configuration['staging']): unknown {
  const { waitForHostMs, ...rest } = { waitForHostMs: null, ...staging };
  return { ...rest, retain: `${retainMs}ms`, ...(waitForHostMs === null ? {} : { waitForHost: `${waitForHostMs}ms` }) };
}

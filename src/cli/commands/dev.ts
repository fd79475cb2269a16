import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import { changeText, done, subjectOf } from '../changes.js';
import { settingsOf, type Settings } from '../settings.js';
import { withClient } from '../with-client.js';

export function addDev(program: Command): void {
  program
    .command('dev')
    .summary('run a Temporal dev server, a worker and apply, for developing')
    .description(
      'Run everything for the configuration in this folder: a Temporal dev server with its Web UI (state in .sluice/temporal.db), a worker, and apply. Ctrl-C stops all of it. ' +
        'With --address or TEMPORAL_ADDRESS, that server is used instead.',
    )
    .addHelpText('after', '\nExample: WAREHOUSE_URL=postgres://localhost/shop sluice dev')
    .action(async (_options: unknown, command: Command) => dev(settingsOf(command)));
}

async function dev(settings: Settings): Promise<void> {
  const configuration = await loadConfiguration(settings.configFile, process.env);
  // The worker's parts take a second to load, which no other command should wait for.
  const [{ startWorker }, { createLogger, installRuntime, toldToStop }] = await Promise.all([import('../../worker/worker.js'), import('../worker-process.js')]);
  const server = settings.addressNamed ? null : await startServer(settings);
  const address = server?.address ?? settings.address;
  try {
    const changes = await withClient({ ...settings, address }, (client) => client.apply(configuration));
    for (const change of changes) console.error(`Sluice: ${subjectOf(change)}: ${changeText(change, done)}`);
    installRuntime(createLogger('warn'));
    const told = toldToStop();
    const running = await startWorker({ configuration, env: process.env, address, namespace: settings.namespace });
    console.error(`Sluice: the worker runs; look around with \`sluice status --address ${address}\`, stop all of it with Ctrl-C`);
    await Promise.race([told, running.finished]);
    console.error('Sluice: stopping; batches under way end first');
    await running.stop();
  } finally {
    await server?.stop();
  }
}

async function startServer({ configFile, namespace }: Settings): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const [{ startTemporal }, { defaultCacheFolder }] = await Promise.all([import('../../devserver/temporal.js'), import('../../devserver/temporal-cli.js')]);
  return startTemporal({
    stateFile: join(dirname(resolve(configFile)), '.sluice', 'temporal.db'),
    cacheFolder: defaultCacheFolder(),
    extraArgs: ['--namespace', namespace],
    log: (line) => console.error(line),
  });
}

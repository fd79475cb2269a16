import type { Command } from 'commander';
import { connectTemporal, registerSearchAttributes } from '../../client/connect.js';
import { loadConfiguration } from '../../config/index.js';
import { settingsOf, type Settings } from '../settings.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('run a worker')
    .description('Run a worker. SIGTERM or Ctrl-C stops it gracefully: batches under way end, positions are kept; a second one ends it at once.')
    .addHelpText('after', '\nExample: sluice worker -c /etc/sluice/sluice.yaml --address temporal:7233')
    .action(async (_options: unknown, command: Command) => worker(settingsOf(command)));
}

async function worker(settings: Settings): Promise<void> {
  const { address, namespace } = settings;
  const configuration = await loadConfiguration(settings.configFile, process.env);
  const temporal = await connectTemporal({ address, namespace });
  await registerSearchAttributes(temporal).finally(() => temporal.connection.close());
  // The worker's parts take a second to load, which no other command should wait for.
  const [{ startWorker }, { createLogger, installRuntime, toldToStop }] = await Promise.all([import('../../worker/worker.js'), import('../worker-process.js')]);
  const logger = createLogger('info');
  installRuntime(logger);
  const told = toldToStop();
  const running = await startWorker({ configuration, env: process.env, address, namespace });
  logger.info({ address, namespace, workspace: configuration.workspace.id }, 'worker started');
  const signal = await Promise.race([told, running.finished]);
  if (signal !== undefined) logger.info({ signal }, 'stopping: batches under way end first');
  await running.stop();
  logger.info('worker stopped');
}

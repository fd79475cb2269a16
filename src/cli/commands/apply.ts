import type { Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import { done, printChanges } from '../changes.js';
import { settingsOf, type Settings } from '../settings.js';
import { withClient } from '../with-client.js';

export function addApply(program: Command): void {
  program
    .command('apply')
    .summary('make what runs equal to the configuration')
    .description('Make what runs equal to the configuration: start, configure and disable subscriptions. Needs no worker.')
    .addHelpText('after', '\nExample: sluice apply --namespace production')
    .action(async (_options: unknown, command: Command) => apply(settingsOf(command)));
}

async function apply(settings: Settings): Promise<void> {
  const configuration = await loadConfiguration(settings.configFile, process.env);
  const changes = await withClient(settings, (client) => client.apply(configuration));
  printChanges(changes, done, settings);
}

import type { Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import { planned, printChanges } from '../changes.js';
import { settingsOf, type Settings } from '../settings.js';
import { withClient } from '../with-client.js';

export function addPlan(program: Command): void {
  program
    .command('plan')
    .summary('show what apply would change')
    .description('Show what apply would change, and change nothing.')
    .addHelpText('after', '\nExample: sluice plan --json')
    .action(async (_options: unknown, command: Command) => plan(settingsOf(command)));
}

async function plan(settings: Settings): Promise<void> {
  const configuration = await loadConfiguration(settings.configFile, process.env);
  const changes = await withClient(settings, (client) => client.plan(configuration));
  printChanges(changes, planned, settings);
}

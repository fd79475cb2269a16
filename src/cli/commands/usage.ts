import type { Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { usageText } from '../usage-report.js';
import { withClient } from '../with-client.js';

export function addUsage(program: Command): void {
  program
    .command('usage')
    .summary('show what was processed, and what the plan leaves')
    .description('Show the records processed in this billing cycle, by destination and subscription, what the plan leaves, and the cycles before.')
    .addHelpText('after', '\nExample: sluice usage --json')
    .action(async (_options: unknown, command: Command) => usage(settingsOf(command)));
}

async function usage(settings: Settings): Promise<void> {
  const { workspace } = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  const view = await withClient(settings, (client) => client.usage(workspace.id));
  if (settings.json) printJson(view);
  else console.log(usageText(view));
}

import type { Command } from 'commander';
import { requestSync } from '../request-sync.js';
import { settingsOf } from '../settings.js';

interface SyncOptions {
  readonly wait?: true;
  readonly full?: true;
}

export function addSync(program: Command): void {
  program
    .command('sync')
    .summary('start a sync now')
    .description('Start a sync now. With --wait, exit with 0 only if it succeeded.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--wait', 'show progress, and end with the result of the sync')
    .option('--full', 'compare the whole model, even where its timestamp column would allow less')
    .addHelpText('after', '\nExample: sluice sync customers_to_crm --wait')
    .action(async (subscriptionId: string, options: SyncOptions, command: Command) => requestSync(settingsOf(command), subscriptionId, options.full === true ? { full: true } : {}, options.wait === true));
}

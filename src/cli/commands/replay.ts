import type { Command } from 'commander';
import { requestSync } from '../request-sync.js';
import { settingsOf } from '../settings.js';

interface ReplayOptions {
  readonly sync: string;
  readonly wait?: true;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .summary('send again what a past sync staged')
    .description(
      'Send the records of a past sync again, as a sync of its own, with the mapping and sync mode of today. Only records that the destination still has in that version are sent; the others are counted as superseded. Staged records are kept for staging.retain.',
    )
    .argument('<subscription>', 'the id of the subscription')
    .requiredOption('--sync <id>', 'the sync, as `sluice history` names it, or its number')
    .option('--wait', 'show progress, and end with the result of the replay')
    .addHelpText('after', '\nExample: sluice replay customers_to_crm --sync customers_to_crm-12 --wait')
    .action(async (subscriptionId: string, { sync, wait }: ReplayOptions, command: Command) => requestSync(settingsOf(command), subscriptionId, { replay: sync }, wait === true));
}

import type { Command } from 'commander';
import { sendSignal } from '../send-signal.js';
import { settingsOf } from '../settings.js';

export function addReset(program: Command): void {
  program
    .command('reset')
    .summary('send everything with the next sync')
    .description('Forget which versions the destination has. The next sync sends every record as new, and the deletion of what has gone. One under way ends first.')
    .argument('<subscription>', 'the id of the subscription')
    .addHelpText('after', '\nExample: sluice reset customers_to_crm && sluice sync customers_to_crm --wait')
    .action(async (subscriptionId: string, _options: unknown, command: Command) =>
      sendSignal(settingsOf(command), subscriptionId, 'reset', (client) => client.reset(subscriptionId)),
    );
}

import type { Command } from 'commander';
import { sendSignal } from '../send-signal.js';
import { settingsOf } from '../settings.js';

export function addCancel(program: Command): void {
  program
    .command('cancel')
    .summary('cancel the sync under way')
    .description('Cancel the sync under way: what was acknowledged is kept, and the next sync finds the rest again.')
    .argument('<subscription>', 'the id of the subscription')
    .addHelpText('after', '\nExample: sluice cancel customers_to_crm')
    .action(async (subscriptionId: string, _options: unknown, command: Command) =>
      sendSignal(settingsOf(command), subscriptionId, 'cancel', (client) => client.cancelSync(subscriptionId)),
    );
}

import type { Command } from 'commander';
import { sendSignal } from '../send-signal.js';
import { settingsOf } from '../settings.js';

export function addPause(program: Command): void {
  program
    .command('pause')
    .summary('start no sync until resume')
    .description('Start no sync until resume. One under way goes on; what comes due meanwhile stays due.')
    .argument('<subscription>', 'the id of the subscription')
    .addHelpText('after', '\nExample: sluice pause customers_to_crm')
    .action(async (subscriptionId: string, _options: unknown, command: Command) =>
      sendSignal(settingsOf(command), subscriptionId, 'pause', (client) => client.pause(subscriptionId)),
    );
}

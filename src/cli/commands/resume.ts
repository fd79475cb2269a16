import type { Command } from 'commander';
import { sendSignal } from '../send-signal.js';
import { settingsOf } from '../settings.js';

export function addResume(program: Command): void {
  program
    .command('resume')
    .summary('end a pause')
    .description('End a pause. What came due meanwhile starts at once.')
    .argument('<subscription>', 'the id of the subscription')
    .addHelpText('after', '\nExample: sluice resume customers_to_crm')
    .action(async (subscriptionId: string, _options: unknown, command: Command) =>
      sendSignal(settingsOf(command), subscriptionId, 'resume', (client) => client.resume(subscriptionId)),
    );
}

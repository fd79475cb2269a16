import type { Command } from 'commander';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { historyText } from '../sync-report.js';
import { wholeNumber } from '../whole-number.js';
import { withWarehouse } from '../with-adapters.js';

export function addHistory(program: Command): void {
  program
    .command('history')
    .summary('show past syncs')
    .description('Show the past syncs of a subscription, newest first. Read from the warehouse, so that Temporal is not needed.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--limit <number>', 'how many syncs to show', wholeNumber, 20)
    .addHelpText('after', '\nExample: sluice history customers_to_crm --limit 5 --json')
    .action(async (subscriptionId: string, { limit }: { limit: number }, command: Command) => history(subscriptionId, limit, settingsOf(command)));
}

async function history(subscriptionId: string, limit: number, settings: Settings): Promise<void> {
  const results = await withWarehouse(settings, subscriptionId, (warehouse) => warehouse.history(subscriptionId, limit));
  if (settings.json) printJson(results);
  else console.log(results.length === 0 ? `no sync of ${subscriptionId} has ended yet` : historyText(results));
}

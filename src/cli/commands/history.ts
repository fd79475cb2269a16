import { InvalidArgumentError, type Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import type { SyncResult } from '../../domain/sync.js';
import { subscriptionOf } from '../known-subscriptions.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { historyText } from '../sync-report.js';

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

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999999.');
  return Number(text);
}

async function history(subscriptionId: string, limit: number, settings: Settings): Promise<void> {
  const results = await readHistory(subscriptionId, limit, settings);
  if (settings.json) printJson(results);
  else console.log(results.length === 0 ? `no sync of ${subscriptionId} has ended yet` : historyText(results));
}

async function readHistory(subscriptionId: string, limit: number, settings: Settings): Promise<readonly SyncResult[]> {
  const configuration = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  const { model } = subscriptionOf(configuration, settings, subscriptionId);
  // The adapters bring every driver with them, which no other command should wait for.
  const { Adapters } = await import('../../worker/adapters.js');
  const adapters = new Adapters(configuration, process.env);
  try {
    return (await adapters.warehouse(model.source)?.history(subscriptionId, limit)) ?? [];
  } finally {
    await adapters.close();
  }
}

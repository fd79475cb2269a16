import type { Command } from 'commander';
import type { DryRun } from '../../contract/reports.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { withWarehouse } from '../with-adapters.js';

export function addDiff(program: Command): void {
  program
    .command('diff')
    .summary('show what a sync would find now; changes nothing')
    .description('Run the diff in the warehouse and undo it: how many records would be added, updated, deleted and rejected. Changes nothing.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--full', 'look at the whole model even where a timestamp column would allow less')
    .addHelpText('after', '\nExample: sluice diff customers_to_crm')
    .action(async (subscriptionId: string, { full = false }: { full?: boolean }, command: Command) => diff(subscriptionId, full, settingsOf(command)));
}

async function diff(subscriptionId: string, full: boolean, settings: Settings): Promise<void> {
  const found = await withWarehouse(settings, subscriptionId, (warehouse, subscription) => warehouse.dryRun(subscription, full, new AbortController().signal));
  if (settings.json) printJson({ subscriptionId, ...found });
  else console.log(diffText(subscriptionId, found));
}

function diffText(subscriptionId: string, { extracted, toSend, scope, resentForColumns, moreToExtract }: DryRun): string {
  const lines = [
    `${subscriptionId}: a sync would send ${toSend} records now`,
    `  extracted  ${extracted.added} added, ${extracted.updated} updated, ${extracted.deleted} deleted, ${extracted.rejected} rejected`,
    `  looked at  ${scope === 'full' ? 'the whole model' : 'what is recent by its timestamp; deletions show in a full diff (--full)'}`,
  ];
  if (resentForColumns > 0) lines.push(`  columns    ${resentForColumns} of the updates are due to changed columns`);
  if (moreToExtract) lines.push('  more       that is over the limit of one sync; the next ones go on');
  return lines.join('\n');
}

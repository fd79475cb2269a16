import type { Command } from 'commander';
import type { FailureRow, RejectionRow } from '../../contract/reports.js';
import { printJson, tableText, timeText } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { wholeNumber } from '../whole-number.js';
import { withWarehouse } from '../with-adapters.js';

export function addFailures(program: Command): void {
  program
    .command('failures')
    .summary('show what was not delivered, and why')
    .description('Show what was not delivered and what the latest sync rejected, with the reasons. Read from the warehouse, so that Temporal is not needed.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--limit <number>', 'how many of each to show', wholeNumber, 20)
    .addHelpText('after', '\nExample: sluice failures customers_to_crm --limit 100 --json')
    .action(async (subscriptionId: string, { limit }: { limit: number }, command: Command) => failures(subscriptionId, limit, settingsOf(command)));
}

async function failures(subscriptionId: string, limit: number, settings: Settings): Promise<void> {
  const found = await withWarehouse(settings, subscriptionId, (warehouse) => warehouse.failures(subscriptionId, limit));
  if (settings.json) {
    printJson({ subscriptionId, ...found });
    return;
  }
  const parts = [failuresText(found.failures, found.total), rejectionsText(found.rejections)].filter((text) => text !== null);
  console.log(parts.length === 0 ? `everything of ${subscriptionId} was delivered, and nothing rejected` : parts.join('\n\n'));
}

function failuresText(rows: readonly FailureRow[], total: number): string | null {
  if (rows.length === 0) return null;
  const columns = ['record', 'operation', 'attempts', 'last failed', 'state', 'reason'].map((title) => ({ title }));
  const state = ({ expired, maybeDelivered }: FailureRow): string => (expired ? 'expired' : maybeDelivered ? 'maybe delivered' : 'tried again');
  const table = tableText(columns, rows.map((row) => [row.recordId, row.operation, String(row.attempts), timeText(row.lastFailedAt), state(row), row.reason]));
  return `${total} not delivered${rows.length < total ? `, the latest ${rows.length}` : ''}:\n${table}`;
}

function rejectionsText(rows: readonly RejectionRow[]): string | null {
  if (rows.length === 0) return null;
  const table = tableText(['record', 'rows', 'reason'].map((title) => ({ title })), rows.map((row) => [row.recordId ?? '(null)', String(row.records), row.reason]));
  return `rejected by the latest sync:\n${table}`;
}

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
    .option('--retry', 'forget which failures expired, so that the next sync sends them again')
    .addHelpText('after', '\nExample: sluice failures customers_to_crm --limit 100 --json')
    .action(async (subscriptionId: string, { limit, retry }: { limit: number; retry?: true }, command: Command) =>
      retry === true ? retryFailures(subscriptionId, settingsOf(command)) : failures(subscriptionId, limit, settingsOf(command)),
    );
}

async function failures(subscriptionId: string, limit: number, settings: Settings): Promise<void> {
  const found = await withWarehouse(settings, subscriptionId, (warehouse) => warehouse.failures(subscriptionId, limit));
  if (settings.json) {
    printJson({ subscriptionId, ...found });
    return;
  }
  const parts = [failuresText(found.failures, found.total), rejectionsText(found.rejections)].filter((text) => text !== null);
  console.log(parts.length === 0 ? `no record of ${subscriptionId} has failed or was rejected; what a sync did not send shows in \`sluice history ${subscriptionId}\`` : parts.join('\n\n'));
}

async function retryFailures(subscriptionId: string, settings: Settings): Promise<void> {
  const retried = await withWarehouse(settings, subscriptionId, (warehouse) => warehouse.retryFailures(subscriptionId));
  if (settings.json) printJson({ subscriptionId, retried });
  else if (retried === 0) console.log(`no failure of ${subscriptionId} has expired; the others are sent again by each sync`);
  else console.log(`the next sync of ${subscriptionId} sends ${retried} expired ${retried === 1 ? 'failure' : 'failures'} again`);
}

function failuresText(rows: readonly FailureRow[], total: number): string | null {
  if (rows.length === 0) return null;
  const columns = ['record', 'operation', 'attempts', 'last failed', 'state', 'code', 'reason'].map((title) => ({ title }));
  const state = ({ expired, maybeDelivered }: FailureRow): string => (expired ? 'expired' : maybeDelivered ? 'maybe delivered' : 'tried again');
  const table = tableText(columns, rows.map((row) => [row.recordId, row.operation, String(row.attempts), timeText(row.lastFailedAt), state(row), row.code ?? '', row.reason]));
  return `${total} not delivered${rows.length < total ? `, the latest ${rows.length}` : ''}:\n${table}`;
}

function rejectionsText(rows: readonly RejectionRow[]): string | null {
  if (rows.length === 0) return null;
  const table = tableText(['record', 'rows', 'reason'].map((title) => ({ title })), rows.map((row) => [row.recordId ?? '(null)', String(row.records), row.reason]));
  return `rejected by the latest sync:\n${table}`;
}

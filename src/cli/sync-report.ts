import type { SyncResult } from '../domain/sync.js';
import { durationText, tableText, timeText, type Column } from './output.js';

const unnamed = 'not opened';

/** How one sync ended, for people. */
export function resultText(result: SyncResult): string {
  const { extracted } = result;
  const isReplay = result.trigger === 'replay';
  const lines = [
    `${result.syncId ?? `a sync of ${result.subscriptionId} that could not be opened`}${result.replayOf === null ? '' : `, a replay of ${result.replayOf}`}: ${result.status} after ${durationText(result.startedAt, result.finishedAt)}`,
    `  ${isReplay ? 'taken up ' : 'extracted'}  ${extracted.added} added, ${extracted.updated} updated, ${extracted.deleted} deleted, ${extracted.rejected} rejected`,
    `  processed  ${result.processed}: ${result.succeeded} succeeded, ${result.failed} failed${result.ambiguous > 0 ? ` (${result.ambiguous} sent without an answer)` : ''}`,
    `  left       ${result.notSent} not sent, ${result.excluded} excluded by the sync mode`,
  ];
  if (result.resentForColumns > 0) lines.push(`  columns    ${result.resentForColumns} of the updates are due to changed columns`);
  if (isReplay) lines.push(`  superseded ${result.superseded} no longer the version that was acknowledged, so not sent again`);
  if (result.moreToExtract) lines.push(isReplay ? '  more       the quota cut it off: a part was not sent again' : '  more       the next sync goes on where this one had to stop');
  if (result.failed > 0 || extracted.rejected > 0) lines.push(`  reasons    see \`sluice failures ${result.subscriptionId}\``);
  if (result.error !== null) lines.push(`  error      ${result.error}`);
  return lines.join('\n');
}

const columns: readonly Column[] = [
  ...['sync', 'status', 'trigger', 'started', 'took'].map((title) => ({ title })),
  ...['added', 'updated', 'deleted', 'rejected', 'succeeded', 'failed', 'not sent', 'excluded'].map((title) => ({ title, align: 'right' }) as const),
];

/** Syncs as a table; their errors, which are long, stand below it. */
export function historyText(results: readonly SyncResult[]): string {
  const rows = results.map((result) => {
    const { added, updated, deleted, rejected } = result.extracted;
    const counts = [added, updated, deleted, rejected, result.succeeded, result.failed, result.notSent, result.excluded];
    const took = durationText(result.startedAt, result.finishedAt);
    return [result.syncId ?? unnamed, result.status, result.trigger, timeText(result.startedAt), took, ...counts.map(String)];
  });
  const errors = results.flatMap(({ syncId, error }) => (error === null ? [] : [`${syncId ?? unnamed}: ${error}`]));
  return [tableText(columns, rows), ...(errors.length === 0 ? [] : ['', ...errors])].join('\n');
}

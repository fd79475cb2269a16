import type { CycleReport, UsageView } from '../contract/quota.js';
import { tableText, type Column } from './output.js';

const barWidth = 30;
const numbers: readonly Column[] = [{ title: 'records', align: 'right' }, { title: 'share', align: 'right' }, { title: '' }];

/** The usage page of a workspace, for people. */
export function usageText(view: UsageView): string {
  const { limit, processed, reserved, remaining } = view;
  const lines = [
    `workspace ${view.workspaceId}, plan ${view.plan}: ${limit} records from ${day(view.cycleStart)} to ${day(view.cycleEnd)}`,
    '',
    tableText([{ title: 'this cycle' }, ...numbers], [
      row('processed', processed, limit),
      row('reserved by running syncs', reserved, limit),
      row('left', remaining, limit),
    ]),
    ...shares('destination', view.byDestination, limit),
    ...shares('subscription', view.bySubscription, limit),
    ...pastCycles(view.past),
    '',
    forecastText(view),
  ];
  if (view.paused.length > 0) lines.push(`paused until ${day(view.cycleEnd)}, or until the plan is raised: ${view.paused.join(', ')}`);
  return lines.join('\n');
}

function forecastText({ limitReachedOn, remaining, reserved }: UsageView): string {
  if (remaining === 0 && reserved === 0) return 'the limit is reached';
  return limitReachedOn === null ? 'at this rate the limit is not reached in this cycle' : `at this rate the limit is reached on ${limitReachedOn}`;
}

function shares(title: string, records: Readonly<Record<string, number>>, limit: number): readonly string[] {
  const rows = Object.entries(records).sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
  return rows.length === 0 ? [] : ['', tableText([{ title }, ...numbers], rows.map(([name, count]) => row(name, count, limit)))];
}

/** Cycles in which nothing was processed before the first one are left out. */
function pastCycles(past: readonly CycleReport[]): readonly string[] {
  const last = past.findLastIndex(({ processed }) => processed > 0);
  if (last === -1) return [];
  const shown = past.slice(0, last + 1);
  const most = Math.max(...shown.map(({ processed }) => processed));
  const rows = shown.map(({ cycleStart, processed }) => [day(cycleStart), String(processed), barText(processed, most)]);
  return [
    ...['', tableText([{ title: 'cycle from' }, { title: 'records', align: 'right' }, { title: '' }], rows)],
    ...byCycle('destination', shown, ({ byDestination }) => byDestination),
    ...byCycle('subscription', shown, ({ bySubscription }) => bySubscription),
  ];
}

function byCycle(title: string, cycles: readonly CycleReport[], of: (cycle: CycleReport) => Readonly<Record<string, number>>): readonly string[] {
  const names = [...new Set(cycles.flatMap((cycle) => Object.keys(of(cycle))))].sort();
  const columns = cycles.map(({ cycleStart }): Column => ({ title: day(cycleStart), align: 'right' }));
  const rows = names.map((name) => [name, ...cycles.map((cycle) => String(of(cycle)[name] ?? 0))]);
  return ['', tableText([{ title: `${title}, cycle from` }, ...columns], rows)];
}

function row(name: string, records: number, limit: number): readonly string[] {
  return [name, String(records), `${limit === 0 ? 0 : Math.floor((records * 100) / limit)}%`, barText(records, limit)];
}

/** Something that is there shows, however little. */
function barText(value: number, full: number): string {
  const length = full === 0 ? 0 : Math.min(barWidth, (value / full) * barWidth);
  return '#'.repeat(length > 0 ? Math.max(1, Math.round(length)) : 0);
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

import { recordLimitOf } from '../domain/plan.js';
import { usageDay } from '../domain/billing-cycle.js';
import type { LedgerState } from '../domain/quota-state.js';
import { counted, processed, reserved, usageOf } from '../domain/quota-sums.js';
import type { CycleReport, UsageView } from './quota.js';

/** The usage page of a workspace: the current cycle, what is left of it, and the twelve before. */
export function usageView(workspaceId: string, state: LedgerState, nowMs: number): UsageView {
  const { terms, cycle } = state;
  const limit = recordLimitOf(terms.plan);
  const bySubscription: Record<string, number> = {};
  const byDestination: Record<string, number> = {};
  const late = new Map<number, Record<string, number>>();
  for (const account of Object.values(state.accounts)) {
    for (const entry of usageOf(account, terms)) {
      const records = counted(entry, terms);
      if (entry.cycleStartMs === cycle.startMs) {
        add(bySubscription, account.subscriptionId, records);
        add(byDestination, entry.destination, records);
      } else if (entry.cycleStartMs < cycle.startMs) {
        const sums = late.get(entry.cycleStartMs) ?? {};
        add(sums, entry.destination, records);
        late.set(entry.cycleStartMs, sums);
      }
    }
  }
  const used = processed(state);
  const held = reserved(state);
  return {
    workspaceId,
    plan: terms.plan.kind,
    limit,
    ...reportOf(cycle.startMs, cycle.endMs, byDestination),
    reserved: held,
    remaining: Math.max(0, limit - used - held),
    bySubscription,
    paused: Object.values(state.accounts).flatMap(({ subscriptionId, pause }) => (pause?.kind === 'paused' ? [subscriptionId] : [])).sort(),
    limitReachedOn: limitReachedOn(used, limit, cycle, nowMs),
    past: state.past.map(({ startMs, endMs, byDestination: sent }) => {
      const sums = { ...late.get(startMs) };
      for (const [destination, ends] of Object.entries(sent)) add(sums, destination, counted(ends, terms));
      return reportOf(startMs, endMs, sums);
    }),
  };
}

/** Straight on from the cycle so far. */
function limitReachedOn(used: number, limit: number, cycle: { readonly startMs: number; readonly endMs: number }, nowMs: number): string | null {
  if (used === 0) return null;
  const reachedMs = used >= limit ? nowMs : cycle.startMs + ((nowMs - cycle.startMs) * limit) / used;
  return reachedMs < cycle.endMs ? usageDay(reachedMs) : null;
}

function reportOf(startMs: number, endMs: number, byDestination: Readonly<Record<string, number>>): CycleReport {
  const total = Object.values(byDestination).reduce((sum, records) => sum + records, 0);
  return { cycleStart: new Date(startMs).toISOString(), cycleEnd: new Date(endMs).toISOString(), processed: total, byDestination };
}

function add(sums: Record<string, number>, name: string, records: number): void {
  sums[name] = (sums[name] ?? 0) + records;
}

/** The usage page in Markdown, for the Temporal Web UI. */
export function usageText(view: UsageView): string {
  const share = view.limit === 0 ? 100 : Math.floor((view.processed * 100) / view.limit);
  const lines = [
    `**Reverse ETL usage of ${view.workspaceId}**, ${view.cycleStart.slice(0, 10)} to ${view.cycleEnd.slice(0, 10)}`,
    '',
    `- plan: ${view.plan}, ${view.limit} records in each billing cycle`,
    `- processed: ${view.processed} (${share}%), reserved by running syncs: ${view.reserved}, left: ${view.remaining}`,
    ...Object.entries(view.byDestination).map(([destination, records]) => `- to ${destination}: ${records}`),
  ];
  if (view.limitReachedOn !== null) lines.push(`- at this rate the limit is reached on ${view.limitReachedOn}`);
  if (view.paused.length > 0) lines.push(`- paused until ${view.cycleEnd.slice(0, 10)}: ${listed(view.paused)}`);
  return lines.join('\n');
}

const listedAtMost = 20;

function listed(names: readonly string[]): string {
  return names.length <= listedAtMost ? names.join(', ') : `${names.slice(0, listedAtMost).join(', ')} and ${names.length - listedAtMost} more`;
}

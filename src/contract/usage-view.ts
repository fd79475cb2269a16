import { usageDay, type BillingCycle } from '../domain/billing-cycle.js';
import { recordLimitOf } from '../domain/plan.js';
import { sentOf } from '../domain/quota-past.js';
import type { LedgerState, Sent } from '../domain/quota-state.js';
import { counted, processed, reserved, usageOf } from '../domain/quota-sums.js';
import type { CycleReport, UsageView } from './quota.js';

/** The usage page of a workspace: the current cycle, what is left of it, and the twelve before. */
export function usageView(workspaceId: string, state: LedgerState, nowMs: number): UsageView {
  const { terms, cycle } = state;
  const limit = recordLimitOf(terms.plan);
  const used = processed(state);
  const held = reserved(state);
  const sums = sumsByCycle(state);
  const reportOf = ({ startMs, endMs }: BillingCycle): CycleReport => {
    const { byDestination, bySubscription } = sums.get(startMs) ?? noSums();
    const total = Object.values(byDestination).reduce((sum, records) => sum + records, 0);
    return { cycleStart: new Date(startMs).toISOString(), cycleEnd: new Date(endMs).toISOString(), processed: total, byDestination, bySubscription };
  };
  return {
    workspaceId,
    plan: terms.plan.kind,
    limit,
    ...reportOf(cycle),
    reserved: held,
    remaining: Math.max(0, limit - used - held),
    paused: Object.values(state.accounts).flatMap(({ subscriptionId, pause }) => (pause?.kind === 'paused' ? [subscriptionId] : [])).sort(),
    limitReachedOn: limitReachedOn(used, limit, cycle, nowMs),
    past: state.past.map(reportOf),
  };
}

/** Counted records, by name. */
interface Sums {
  readonly byDestination: Record<string, number>;
  readonly bySubscription: Record<string, number>;
}

const noSums = (): Sums => ({ byDestination: {}, bySubscription: {} });

/** By the start of their cycle. What a sync under way sent before the turn of the cycle is in the past cycle, too. */
function sumsByCycle({ accounts, past, terms }: LedgerState): ReadonlyMap<number, Sums> {
  const cycles = new Map<number, Sums>();
  const add = (cycleStartMs: number, by: keyof Sums, name: string, sent: Sent): void => {
    const sums = cycles.get(cycleStartMs) ?? noSums();
    sums[by][name] = (sums[by][name] ?? 0) + counted(sent, terms);
    cycles.set(cycleStartMs, sums);
  };
  for (const account of Object.values(accounts)) {
    for (const entry of usageOf(account, terms)) {
      add(entry.cycleStartMs, 'byDestination', entry.destination, entry);
      add(entry.cycleStartMs, 'bySubscription', account.subscriptionId, entry);
    }
    for (const [index, { startMs }] of past.entries()) {
      const pair = account.past[index];
      if (pair !== undefined && counted(sentOf(pair), terms) > 0) add(startMs, 'bySubscription', account.subscriptionId, sentOf(pair));
    }
  }
  for (const { startMs, byDestination } of past) for (const [name, sent] of Object.entries(byDestination)) add(startMs, 'byDestination', name, sent);
  return cycles;
}

/** Straight on from the cycle so far. */
function limitReachedOn(used: number, limit: number, cycle: BillingCycle, nowMs: number): string | null {
  if (used === 0) return null;
  const reachedMs = used >= limit ? nowMs : cycle.startMs + ((nowMs - cycle.startMs) * limit) / used;
  return reachedMs < cycle.endMs ? usageDay(reachedMs) : null;
}

const barWidth = 40;

/** The usage page in Markdown, for the Temporal Web UI: what "Usage & billing" tells about Reverse ETL (source document, "Usage limits"). */
export function usageText(view: UsageView): string {
  const { limit, processed, cycleStart, cycleEnd } = view;
  const share = limit === 0 ? 100 : Math.floor((processed * 100) / limit);
  const filled = Math.min(barWidth, Math.floor((share * barWidth) / 100));
  return [
    `### Reverse ETL usage of ${view.workspaceId}`,
    `**${grouped(processed)} of ${grouped(limit)} records** processed to destinations in the billing cycle from ${day(cycleStart)} to ${day(cycleEnd)} (UTC)`,
    '',
    `\`${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}\` ${share}%`,
    '',
    `- plan: ${view.plan}, ${grouped(limit)} records a month; to process more, raise \`workspace.plan\` and apply it`,
    `- left: ${grouped(view.remaining)}, reserved by running syncs: ${grouped(view.reserved)}`,
    ...(view.limitReachedOn === null || processed >= limit ? [] : [`- at this rate the limit is reached on ${view.limitReachedOn}`]),
    ...(view.paused.length === 0 ? [] : [`- paused until ${day(cycleEnd)}: ${listed(view.paused)}`]),
    ...section('By destination', largestFirst(view.byDestination)),
    ...section('By subscription', largestFirst(view.bySubscription)),
    ...section('Earlier cycles', view.past.flatMap((cycle) => (cycle.processed > 0 ? [[`from ${day(cycle.cycleStart)}`, cycle.processed] as const] : []))),
  ].join('\n');
}

const listedAtMost = 20;

function largestFirst(records: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(records).sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
}

function section(title: string, entries: readonly (readonly [string, number])[]): readonly string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, listedAtMost).map(([name, count]) => `- ${name}: ${grouped(count)}`);
  const more = entries.length - shown.length;
  return ['', `**${title}**`, '', ...shown, ...(more > 0 ? [`- and ${more} more`] : [])];
}

function listed(names: readonly string[]): string {
  return names.length <= listedAtMost ? names.join(', ') : `${names.slice(0, listedAtMost).join(', ')} and ${names.length - listedAtMost} more`;
}

/** 1234567 as 1,234,567. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

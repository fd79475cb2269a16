import type { QuotaHold } from './quota-hold.js';
import { minMsBetweenSyncs, nextDueAt, type Schedule } from './schedule.js';
import type { SubscriptionState, SyncTrigger } from './sync.js';

/** How long after a quota pause should have ended a subscription goes on by itself, in ms: the ledger that would have woken it is gone. */
const quotaGraceMs = minMsBetweenSyncs;

/** What decides when a subscription's next sync starts. Times in ms since the epoch. */
export interface Situation {
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly quota: QuotaHold;
  readonly schedule: Schedule;
  /** What was asked for first and has not been started; null when nothing was. */
  readonly requested: Extract<SyncTrigger, 'manual' | 'replay'> | null;
  /** The last sync left records behind and the subscription wants them at once. */
  readonly continues: boolean;
  readonly lastStartedMs: number | null;
  readonly anchorMs: number;
}

export type NextStep =
  | { readonly kind: 'start'; readonly trigger: SyncTrigger }
  /** `untilMs` is null when only a message can change anything. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

/** While paused or disabled nothing starts; a due time that passes meanwhile is still due afterwards. */
export function nextStep(situation: Situation, nowMs: number): NextStep {
  if (!situation.enabled || situation.paused) return { kind: 'wait', untilMs: null };
  const { quota } = situation;
  if (quota.kind === 'paused') return startOrWait('continuation', quota.untilMs + quotaGraceMs, nowMs);
  if (situation.requested !== null) return { kind: 'start', trigger: situation.requested };
  if (quota.kind === 'resuming' && (quota.starts || nowMs < quota.atMs)) return startOrWait('continuation', quota.atMs, nowMs);
  if (situation.continues) return { kind: 'start', trigger: 'continuation' };
  const dueMs = nextDueAt(situation.schedule, situation.lastStartedMs, situation.anchorMs);
  return dueMs === null ? { kind: 'wait', untilMs: null } : startOrWait('schedule', dueMs, nowMs);
}

function startOrWait(trigger: SyncTrigger, atMs: number, nowMs: number): NextStep {
  return atMs <= nowMs ? { kind: 'start', trigger } : { kind: 'wait', untilMs: atMs };
}

/** Why a manual sync can't be taken now; null when it can. A request while a sync runs is taken: it starts one more afterwards. */
export function refusalOf(subscriptionId: string, state: SubscriptionState, pausedUntil: string | null = null): string | null {
  const reasons = {
    idle: null,
    syncing: null,
    paused: `subscription "${subscriptionId}" is paused: resume it first (sluice resume ${subscriptionId})`,
    quota_paused: `subscription "${subscriptionId}" is paused until ${pausedUntil ?? 'the next billing cycle'}: its workspace's quota is used up; see \`sluice usage\`, or raise the plan and apply it`,
    disabled: `subscription "${subscriptionId}" is disabled: set enabled: true in its configuration and apply it`,
  } as const satisfies Record<SubscriptionState, string | null>;
  return reasons[state];
}

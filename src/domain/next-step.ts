import { nextDueAt, type Schedule } from './schedule.js';
import type { SubscriptionState, SyncTrigger } from './sync.js';

/** What decides when a subscription's next sync starts. Times in ms since the epoch. */
export interface Situation {
  readonly enabled: boolean;
  readonly paused: boolean;
  readonly schedule: Schedule;
  /** A manual sync was asked for and has not been started. */
  readonly requested: boolean;
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
  if (situation.requested) return { kind: 'start', trigger: 'manual' };
  if (situation.continues) return { kind: 'start', trigger: 'continuation' };
  const dueMs = nextDueAt(situation.schedule, situation.lastStartedMs, situation.anchorMs);
  return dueMs !== null && dueMs <= nowMs ? { kind: 'start', trigger: 'schedule' } : { kind: 'wait', untilMs: dueMs };
}

/** Why a manual sync can't be taken now; null when it can. A request while a sync runs is taken: it starts one more afterwards. */
export function refusalOf(subscriptionId: string, state: SubscriptionState): string | null {
  const reasons = {
    idle: null,
    syncing: null,
    paused: `subscription "${subscriptionId}" is paused: resume it first (sluice resume ${subscriptionId})`,
    quota_paused: `subscription "${subscriptionId}" is paused until its workspace's quota allows more`,
    disabled: `subscription "${subscriptionId}" is disabled: set enabled: true in its configuration and apply it`,
  } as const satisfies Record<SubscriptionState, string | null>;
  return reasons[state];
}

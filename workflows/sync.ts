import { allHandlersFinished, CancelledFailure, CancellationScope, condition, continueAsNew, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { CarriedState, SubscriptionStatus, SyncRequest, SyncRequestAnswer, SyncWorkflowInput } from '../src/contract/messages.js';
import { memoKeys } from '../src/contract/names.js';
import { nextStep, refusalOf } from '../src/domain/next-step.js';
import { heeded, type QuotaNotice, type QuotaState } from '../src/domain/quota-hold.js';
import { nextRequest, type NextRequest, type ReplayAsked } from '../src/domain/requests.js';
import { nextDueAt } from '../src/domain/schedule.js';
import { syncNumberOf, type Subscription } from '../src/domain/subscription.js';
import { leftNothing, type SubscriptionState, type SyncResult, type SyncTrigger } from '../src/domain/sync.js';
import { Alarm } from './alarm.js';
import { earlyEndOf } from './failures.js';
import { runSync, type SyncStart } from './run-sync.js';
import { lastingSteps } from './steps.js';
import { listen, type Addressee } from './sync-messages.js';
import { showStatus } from './visibility.js';

/** Results that the workflow itself remembers; all of them are in `syncs_<subscription_id>`. */
const rememberedResults = 10;

/** One per subscription, for ever: waits for the schedule or a message, runs a child for each sync, and continues as new between syncs. */
export async function SyncWorkflow(input: SyncWorkflowInput): Promise<never> {
  const loop = new SubscriptionLoop(input);
  listen(loop);
  for (;;) {
    await loop.adoptConfigurations();
    await loop.resetIfAsked();
    if (workflowInfo().continueAsNewSuggested && loop.mayContinueAsNew()) {
      return continueAsNew<typeof SyncWorkflow>(loop.carriedOver());
    }
    const step = loop.nextStep();
    if (step.kind === 'start') await loop.start(step.trigger);
    else await loop.waitUntil(step.untilMs);
  }
}

class SubscriptionLoop implements Addressee {
  private subscription: Subscription;
  private paused: boolean;
  private anchorMs: number;
  private lastStartedMs: number | null;
  private accepted: number;
  private served: number;
  private replays: readonly ReplayAsked[];
  private recent: readonly SyncResult[];
  private fullRequested: boolean;
  private resetRequested: boolean;
  private resetPending: boolean;
  private readonly configurations: unknown[] = [];
  private current: { readonly scope: CancellationScope; syncId: string | null } | null = null;
  private lastRefusal: string | null;
  private messages = 0;
  private quota: QuotaState;
  private readonly alarm = new Alarm();

  constructor(private readonly input: SyncWorkflowInput) {
    const carried = input.carried;
    this.subscription = input.subscription;
    this.paused = carried?.paused ?? false;
    this.anchorMs = carried?.anchorMs ?? Date.now();
    this.lastStartedMs = carried?.lastStartedMs ?? null;
    this.accepted = carried?.requests.accepted ?? 0;
    this.served = carried?.requests.served ?? 0;
    this.replays = carried?.replays ?? [];
    this.recent = carried?.recent ?? [];
    this.lastRefusal = carried?.lastRefusal ?? null;
    this.fullRequested = carried?.fullRequested ?? false;
    this.resetRequested = carried?.resetRequested ?? false;
    this.resetPending = carried?.resetPending ?? this.resetRequested;
    this.quota = carried?.quota ?? { version: 0, hold: { kind: 'open' } };
  }

  async signalled(request: SyncRequest): Promise<void> {
    const answer = await this.request(request);
    this.lastRefusal = answer.accepted ? null : answer.reason;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  cancel(): void {
    this.current?.scope.cancel();
  }

  reset(): void {
    this.resetRequested = true;
    this.resetPending = true;
  }

  heed(notice: QuotaNotice): void {
    this.quota = heeded(this.quota, notice, this.lastStartedMs, Date.now());
  }

  configure(configuration: unknown): void {
    this.configurations.push(configuration ?? null);
  }

  history(): readonly SyncResult[] {
    return this.recent;
  }

  onHeard(): void {
    this.messages += 1;
  }

  async request({ full, replay }: SyncRequest): Promise<SyncRequestAnswer> {
    // While nothing runs, a configuration that arrived before is about to be adopted, and the request is judged by that.
    await condition(() => this.configurations.length === 0 || this.current !== null);
    const reason = refusalOf(this.subscription.id, this.restState(), this.pausedUntil());
    if (reason !== null) return { accepted: false, reason };
    const replayed = replay === undefined ? null : syncNumberOf(this.subscription.id, replay);
    if (replay !== undefined && replayed === null) return { accepted: false, reason: `"${replay}" is no sync of subscription "${this.subscription.id}": see \`sluice history ${this.subscription.id}\`` };
    this.messages += 1;
    this.accepted += 1;
    if (replayed === null) this.fullRequested ||= full === true;
    else this.replays = [...this.replays, { request: this.accepted, sync: replayed }];
    return { accepted: true, request: this.accepted };
  }

  /** Checks each configuration that arrived, on a worker that knows how, and takes the last good one. */
  async adoptConfigurations(): Promise<void> {
    for (let next = this.configurations[0]; next !== undefined; next = this.configurations[0]) {
      if (!isSame(next, this.subscription)) await this.checkAndAdopt(next);
      this.configurations.shift();
    }
  }

  private async checkAndAdopt(next: unknown): Promise<void> {
    const checked = await lastingSteps.validateSubscription.executeWithOptions({ summary: 'Check a new configuration' }, [{ id: this.subscription.id, subscription: next }]);
    if (checked.kind === 'fine') this.adopt(checked.subscription);
    else this.lastRefusal = `configuration refused: ${checked.problems.join('; ')}`;
  }

  private adopt(subscription: Subscription): void {
    if (!isSame(subscription.schedule, this.subscription.schedule)) this.anchorMs = Date.now();
    this.subscription = subscription;
    upsertMemo({ [memoKeys.configuration]: subscription });
  }

  async resetIfAsked(): Promise<void> {
    if (!this.resetRequested) return;
    this.resetRequested = false;
    try {
      await lastingSteps.resetState.executeWithOptions({ summary: `Reset ${this.subscription.id}` }, [{ subscription: this.subscription }]);
    } catch (error) {
      const end = earlyEndOf(error);
      this.resetPending = this.resetRequested;
      this.lastRefusal = `reset failed: ${end.kind === 'failed' ? end.message : 'it was canceled'}`;
    }
  }

  nextStep(): ReturnType<typeof nextStep> {
    this.heedClock();
    const { enabled, schedule, continueImmediately } = this.subscription;
    const { paused, lastStartedMs, anchorMs } = this;
    const last = this.recent.find(({ trigger }) => trigger !== 'replay');
    const continues = continueImmediately && last?.moreToExtract === true && last.error === null && last.status !== 'canceled';
    const next = this.nextRequest();
    const requested = next === null ? null : next.replay === null ? 'manual' : 'replay';
    return nextStep({ enabled, paused, quota: this.quota.hold, schedule, requested, continues, lastStartedMs, anchorMs }, Date.now());
  }

  /** A clock that was set back would otherwise hold up the schedule until it has caught up. */
  private heedClock(): void {
    const nowMs = Date.now();
    this.anchorMs = Math.min(this.anchorMs, nowMs);
    if (this.lastStartedMs !== null) this.lastStartedMs = Math.min(this.lastStartedMs, nowMs);
  }

  async start(trigger: SyncTrigger): Promise<void> {
    const next = this.nextRequest();
    // A replay reads no model: schedule, quota and a full diff that was asked for wait on for the next sync that does.
    if (next !== null && next.replay !== null && trigger === 'replay') return this.sync({ trigger, full: false, replayed: next.replay }, next.upTo);
    const full = this.fullRequested;
    this.fullRequested = false;
    this.lastStartedMs = Date.now();
    this.quota = { ...this.quota, hold: { kind: 'open' } };
    await this.sync({ trigger, full }, next?.replay === null ? next.upTo : this.served);
  }

  private async sync(how: Pick<SyncStart, 'trigger' | 'full' | 'replayed'>, serves: number): Promise<void> {
    const scope = new CancellationScope();
    const current = { scope, syncId: null as string | null };
    this.current = current;
    const result = await scope.run(() =>
      runSync({ workspaceId: this.input.workspaceId, subscription: this.subscription, ...how }, (syncId) => {
        current.syncId = syncId;
        showStatus(this.status());
      }),
    );
    this.current = null;
    this.served = serves;
    this.replays = this.replays.filter(({ request }) => request > serves);
    this.recent = [result, ...this.recent].slice(0, rememberedResults);
    if (!this.resetRequested && leftNothing(result)) this.resetPending = false;
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the subscription was canceled in Temporal; `sluice apply` starts it again');
  }

  private nextRequest(): NextRequest | null {
    return nextRequest({ accepted: this.accepted, served: this.served, replays: this.replays });
  }

  /** Until the time has come or a message has arrived that may change what comes next. */
  async waitUntil(untilMs: number | null): Promise<void> {
    const seen = this.messages;
    const woken = (): boolean => this.messages > seen;
    showStatus(this.status());
    if (untilMs === null) await condition(woken);
    else await this.alarm.wait(untilMs, woken, `Next sync ${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
  }

  mayContinueAsNew(): boolean {
    return this.current === null && this.configurations.length === 0 && allHandlersFinished();
  }

  carriedOver(): SyncWorkflowInput {
    const { paused, anchorMs, lastStartedMs, replays, recent, lastRefusal, fullRequested, resetRequested, resetPending, quota } = this;
    const carried: CarriedState = { paused, anchorMs, lastStartedMs, replays, recent, lastRefusal, fullRequested, resetRequested, resetPending, quota, requests: { accepted: this.accepted, served: this.served } };
    return { workspaceId: this.input.workspaceId, subscription: this.subscription, carried };
  }

  private restState(): SubscriptionState {
    if (!this.subscription.enabled) return 'disabled';
    if (this.paused) return 'paused';
    return this.quota.hold.kind === 'paused' ? 'quota_paused' : 'idle';
  }

  private pausedUntil(): string | null {
    const { hold } = this.quota;
    return hold.kind === 'paused' && this.restState() === 'quota_paused' ? new Date(hold.untilMs).toISOString() : null;
  }

  private nextSyncMs(): number | null {
    if (this.restState() !== 'idle') return null;
    const { hold } = this.quota;
    if (hold.kind === 'resuming' && hold.starts) return hold.atMs;
    const dueMs = nextDueAt(this.subscription.schedule, this.lastStartedMs, this.anchorMs);
    return dueMs !== null && hold.kind === 'resuming' ? Math.max(dueMs, hold.atMs) : dueMs;
  }

  status(): SubscriptionStatus {
    const state = this.current === null ? this.restState() : 'syncing';
    const dueMs = this.nextSyncMs();
    return {
      subscriptionId: this.subscription.id,
      state,
      nextSyncAt: dueMs === null ? null : new Date(dueMs).toISOString(),
      lastSync: this.recent[0] ?? null,
      pausedUntil: this.pausedUntil(),
      resetPending: this.resetPending,
      currentSync: this.current?.syncId ?? null,
      requests: { accepted: this.accepted, served: this.served },
      lastRefusal: this.lastRefusal,
    };
  }
}

/** Where the same is written in another order, it passes for another, which costs a check. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames, type SubscriptionStatus, type SyncProgress, type SyncRequest, type SyncRequestAnswer, type SyncWorkflowInput } from '../contract/messages.js';
import { memoKeys, syncWorkflowId, taskQueue, workflowTypes } from '../contract/names.js';
import type { UsageView } from '../contract/quota.js';
import { searchAttributes } from '../contract/search-attributes.js';
import type { Subscription } from '../domain/subscription.js';
import type { SyncResult } from '../domain/sync.js';
import { NoWorkerError, WrongOwnerError } from '../errors/errors.js';
import { connectTemporal, registerSearchAttributes, type ConnectOptions } from './connect.js';
import { planChanges, type Change, type TermsChange } from './plan.js';
import { processedUnderWay } from './progress.js';
import { QuotaDesk, type WantedWorkspace } from './quota.js';
import { Reach } from './reach.js';

/** What `apply` needs of a configuration. */
export interface Wanted {
  readonly workspace: WantedWorkspace;
  readonly subscriptions: Readonly<Record<string, Subscription>>;
}

function withTerms(changes: readonly Change[], terms: TermsChange | null): readonly Change[] {
  return terms === null ? changes : [...changes, terms];
}

const pollEveryMs = 250;

/** Starts, watches and steers subscriptions. Every method throws TemporalUnavailableError when the server can't be reached. */
export class SluiceClient {
  private readonly reach: Reach;
  private readonly quota: QuotaDesk;

  private constructor(
    private readonly temporal: Client,
    address: string,
  ) {
    this.reach = new Reach(temporal, address);
    this.quota = new QuotaDesk(temporal, this.reach);
  }

  static async connect(options: ConnectOptions): Promise<SluiceClient> {
    return new SluiceClient(await connectTemporal(options), options.address);
  }

  /** What `apply` would do. Throws WrongOwnerError when another workspace has this namespace. */
  async plan(wanted: Wanted): Promise<readonly Change[]> {
    const changes = planChanges(wanted.subscriptions, await this.running(wanted));
    return withTerms(changes, await this.quota.plan(wanted.workspace));
  }

  /**
   * Makes what runs equal to what is wanted; needs no worker. A change takes effect from each subscription's next sync.
   * Those that run as wanted are told all the same: another configuration may still be on its way to them, and the one told last holds.
   */
  async apply(wanted: Wanted): Promise<readonly Change[]> {
    await this.reach.reached(registerSearchAttributes(this.temporal));
    const running = await this.running(wanted);
    const terms = await this.quota.apply(wanted.workspace);
    const changes = planChanges(wanted.subscriptions, running);
    for (const change of changes) {
      const [now, then] = [running.get(change.subscriptionId), wanted.subscriptions[change.subscriptionId]];
      if (change.kind === 'start' && then !== undefined) await this.start({ workspaceId: wanted.workspace.id, subscription: then });
      else if (now !== undefined) await this.reach.signal(now.id, messageNames.configure, then ?? { ...now, enabled: false });
    }
    return withTerms(changes, terms);
  }

  /** What a workspace has processed, and what its plan leaves. */
  async usage(workspaceId: string): Promise<UsageView> {
    return this.quota.usage(workspaceId);
  }

  /** Asks for a sync; answers as soon as the subscription has taken or refused it. */
  async requestSync(subscriptionId: string, request: SyncRequest = {}): Promise<SyncRequestAnswer> {
    return this.reach.answered(subscriptionId, (handle) => handle.executeUpdate<SyncRequestAnswer, [SyncRequest]>(messageNames.requestSync, { args: [request] }));
  }

  /** Resolves with the result of the sync that serves the request, once the subscription's state has changed too. A worker that is away is waited for. */
  async waitForSync(subscriptionId: string, request: number, onProgress: (progress: SyncProgress) => void = () => undefined): Promise<SyncResult> {
    for (;;) {
      const status = await this.statusOnceAnswered(subscriptionId);
      if (status.requests.served >= request && status.lastSync !== null) return status.lastSync;
      if (status.currentSync !== null) await this.reportProgress(subscriptionId, status.currentSync, onProgress);
      await sleep(pollEveryMs);
    }
  }

  private async statusOnceAnswered(subscriptionId: string): Promise<SubscriptionStatus> {
    for (;;) {
      try {
        return await this.status(subscriptionId);
      } catch (error) {
        if (!(error instanceof NoWorkerError)) throw error;
      }
    }
  }

  /** The ids of the subscriptions that run, in order; needs no worker. Those in `expected` are found even in the moments after their start. */
  async listSubscriptions(expected: readonly string[] = []): Promise<readonly string[]> {
    return [...(await this.inputs(expected)).keys()].sort();
  }

  async status(subscriptionId: string): Promise<SubscriptionStatus> {
    return this.reach.answered(subscriptionId, (handle) => handle.query<SubscriptionStatus>(messageNames.status));
  }

  /** The latest syncs that the subscription's workflow remembers, newest first. */
  async recentSyncs(subscriptionId: string): Promise<readonly SyncResult[]> {
    return this.reach.answered(subscriptionId, (handle) => handle.query<readonly SyncResult[]>(messageNames.history));
  }

  async pause(subscriptionId: string): Promise<void> {
    await this.reach.signal(subscriptionId, messageNames.pause);
  }

  async resume(subscriptionId: string): Promise<void> {
    await this.reach.signal(subscriptionId, messageNames.resume);
  }

  /** Cancels the sync under way, gracefully. Does nothing when none is. */
  async cancelSync(subscriptionId: string): Promise<void> {
    await this.reach.signal(subscriptionId, messageNames.cancelSync);
  }

  /** After the sync under way the subscription forgets what was acknowledged; its next sync sends everything. */
  async reset(subscriptionId: string): Promise<void> {
    await this.reach.signal(subscriptionId, messageNames.resetSync);
  }

  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  private async start(input: SyncWorkflowInput): Promise<void> {
    const { subscription, workspaceId } = input;
    await this.reach.reached(
      this.temporal.workflow.start(workflowTypes.sync, {
        workflowId: syncWorkflowId(subscription.id),
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        memo: { [memoKeys.workspace]: workspaceId, [memoKeys.configuration]: subscription },
        typedSearchAttributes: [
          { key: searchAttributes.subscription, value: subscription.id },
          { key: searchAttributes.model, value: subscription.model.name },
          { key: searchAttributes.destination, value: subscription.destination },
          { key: searchAttributes.status, value: 'idle' },
        ],
        staticSummary: `${subscription.model.name} to ${subscription.destination}`,
      }),
    );
  }

  /** The subscriptions that run, as they run, by id. */
  private async running(wanted: Wanted): Promise<ReadonlyMap<string, Subscription>> {
    const inputs = await this.inputs(Object.keys(wanted.subscriptions));
    for (const { workspaceId } of inputs.values()) {
      if (workspaceId !== wanted.workspace.id) {
        throw new WrongOwnerError(`namespace "${this.temporal.options.namespace}" belongs to workspace "${workspaceId}", not "${wanted.workspace.id}": each workspace needs a namespace of its own`);
      }
    }
    return new Map([...inputs].map(([id, { subscription }]) => [id, subscription]));
  }

  /** What the running subscriptions were started with or configured to, by id. Read from memos, so that no worker is needed. */
  private async inputs(expected: readonly string[]): Promise<ReadonlyMap<string, SyncWorkflowInput>> {
    const listed = await this.reach.reached(this.listed());
    // The list lags behind by moments; what is expected is looked up by its id.
    for (const id of expected) {
      const found = await this.reach.reached(this.describe(id));
      if (found === null) listed.delete(id);
      else listed.set(id, found);
    }
    return listed;
  }

  private async listed(): Promise<Map<string, SyncWorkflowInput>> {
    const found = new Map<string, SyncWorkflowInput>();
    for await (const { memo } of this.temporal.workflow.list({ query: `WorkflowType = '${workflowTypes.sync}' AND ExecutionStatus = 'Running'` })) {
      const input = inputOf(memo);
      if (input !== null) found.set(input.subscription.id, input);
    }
    return found;
  }

  private async describe(subscriptionId: string): Promise<SyncWorkflowInput | null> {
    try {
      const { status, memo } = await this.temporal.workflow.getHandle(syncWorkflowId(subscriptionId)).describe();
      return status.name === 'RUNNING' ? inputOf(memo) : null;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  private async reportProgress(subscriptionId: string, syncId: string, onProgress: (progress: SyncProgress) => void): Promise<void> {
    const workflowId = `${syncWorkflowId(subscriptionId)}/${syncId.slice(subscriptionId.length + 1)}`;
    try {
      const [progress, description] = await this.reach.answeredBy(workflowId, (handle) => Promise.all([handle.query<SyncProgress>(messageNames.progress), handle.describe()]));
      onProgress({ ...progress, processed: progress.processed + processedUnderWay(description.raw.pendingActivities ?? []) });
    } catch (error) {
      // The sync has just ended, its workflow is not there yet, or no worker answers; the next status tells.
      if (!(error instanceof WorkflowNotFoundError) && !(error instanceof NoWorkerError)) throw error;
    }
  }
}

function inputOf(memo: Readonly<Record<string, unknown>> | undefined): SyncWorkflowInput | null {
  const workspaceId = memo?.[memoKeys.workspace];
  const subscription = memo?.[memoKeys.configuration];
  if (typeof workspaceId !== 'string' || typeof subscription !== 'object' || subscription === null) return null;
  return { workspaceId, subscription: subscription as Subscription }; // written by `start` and by the workflow, both typed
}

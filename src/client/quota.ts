import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames } from '../contract/messages.js';
import { memoKeys, quotaWorkflowId, workflowTypes } from '../contract/names.js';
import { quotaSignal, type UsageView } from '../contract/quota.js';
import { quotaTermsOf, type QuotaTerms } from '../domain/quota-state.js';
import { RefusedError } from '../errors/errors.js';
import type { TermsChange } from './plan.js';
import type { Reach } from './reach.js';

/** What `apply` needs of a workspace. */
export type WantedWorkspace = QuotaTerms & { readonly id: string };

/** A workspace's ledger, from outside. */
export class QuotaDesk {
  constructor(
    private readonly temporal: Client,
    private readonly reach: Reach,
  ) {}

  /** What differs between the wanted terms and those that hold; null when nothing does, or no ledger runs yet. */
  async plan(workspace: WantedWorkspace): Promise<TermsChange | null> {
    const now = await this.currentTerms(workspace.id);
    const then = quotaTermsOf(workspace);
    const fields = now === null ? [] : (Object.keys(then) as (keyof QuotaTerms)[]).filter((field) => !isDeepStrictEqual(then[field], now[field]));
    return fields.length === 0 ? null : { kind: 'terms', workspaceId: workspace.id, fields };
  }

  /** Starts the ledger where there is none, and tells it the terms, though they may hold already: others may be on their way to it. Needs no worker. */
  async apply(workspace: WantedWorkspace): Promise<TermsChange | null> {
    const change = await this.plan(workspace);
    const terms = quotaTermsOf(workspace);
    const signal = quotaSignal({ workspaceId: workspace.id, terms }, { kind: 'configure', terms });
    await this.reach.reached(this.temporal.workflow.signalWithStart(workflowTypes.quota, signal));
    return change;
  }

  /** Throws RefusedError while the ledger doesn't run, or is counting. */
  async usage(workspaceId: string): Promise<UsageView> {
    if ((await this.currentTerms(workspaceId)) === null) throw new RefusedError(`workspace "${workspaceId}" has no ledger yet: run \`sluice apply\` first`);
    const view = await this.reach.answeredBy(quotaWorkflowId(workspaceId), (handle) => handle.query<UsageView | null>(messageNames.usage));
    if (view !== null) return view;
    const obstacle = await this.obstacle(workspaceId);
    throw new RefusedError(`the usage of workspace "${workspaceId}" is being counted from the state tables, and nothing is granted before that: ${obstacle ?? 'ask again in a moment'}`);
  }

  /** Why the ledger could not count so far, in the words of its step; null when nothing has gone wrong. */
  private async obstacle(workspaceId: string): Promise<string | null> {
    const { raw } = await this.reach.reached(this.temporal.workflow.getHandle(quotaWorkflowId(workspaceId)).describe());
    return raw.pendingActivities?.find(({ lastFailure }) => lastFailure)?.lastFailure?.message ?? null;
  }

  private async currentTerms(workspaceId: string): Promise<QuotaTerms | null> {
    const described = this.temporal.workflow.getHandle(quotaWorkflowId(workspaceId)).describe();
    const found = await this.reach.reached(described.catch((error: unknown) => (error instanceof WorkflowNotFoundError ? null : Promise.reject(error as Error))));
    if (found?.status.name !== 'RUNNING') return null;
    return (found.memo?.[memoKeys.quotaTerms] as QuotaTerms | undefined) ?? null; // written by `start` and by the workflow, both typed
  }
}

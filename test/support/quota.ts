import type { Configuration } from '../../src/config/index.js';
import type { WorkspacePlan } from '../../src/domain/plan.js';
import type { QuotaTerms } from '../../src/domain/quota-state.js';
import type { RunningWorker } from '../../src/worker/worker.js';
import { createPeople, eventually, type Rig, type Subscribed } from './sluice.js';
import { fastForward } from './time-skipping.js';

const minuteMs = 60_000;

/** A workspace on a plan, whose workflows can be moved into its next billing cycle. */
export class QuotaRig {
  readonly workspaceId: string;
  private aheadMs = 0;

  private constructor(
    readonly rig: Rig,
    public configuration: Configuration,
  ) {
    this.workspaceId = configuration.workspace.id;
  }

  static on(rig: Rig, plan: WorkspacePlan, destinations = rig.configuration.destinations): QuotaRig {
    return new QuotaRig(rig, { ...rig.configuration, destinations, workspace: { ...rig.configuration.workspace, plan } });
  }

  usage(): ReturnType<Rig['client']['usage']> {
    return this.rig.client.usage(this.workspaceId);
  }

  /** A manual subscription on a table of its own with `rows` people. */
  async subscribe(id: string, rows: number, changes: Partial<Rig['subscription']> = {}): Promise<Subscribed> {
    await createPeople(this.rig.database, rows, id);
    const model = { ...this.rig.subscription.model, query: `select * from ${id}` };
    return this.apply({ ...this.rig.subscription, id, model, ...changes });
  }

  /** Applies one more subscription beside those that run. */
  async apply(subscription: Rig['subscription']): Promise<Subscribed> {
    this.configuration = { ...this.configuration, subscriptions: { ...withoutDefault(this.configuration), [subscription.id]: subscription } };
    await this.rig.client.apply({ ...this.configuration, subscriptions: withoutDefault(this.configuration) });
    if (this.aheadMs > 0) await fastForward(this.rig.temporal, `sync/${subscription.id}`, this.aheadMs);
    return subscribed(this.rig, subscription);
  }

  async changePlan(plan: WorkspacePlan): Promise<void> {
    await this.changeTerms({ plan });
  }

  async changeTerms(terms: Partial<QuotaTerms>): Promise<void> {
    this.configuration = { ...this.configuration, workspace: { ...this.configuration.workspace, ...terms } };
    await this.rig.client.apply({ ...this.configuration, subscriptions: withoutDefault(this.configuration) });
  }

  /** Moves every clock to a minute after the end of the cycle: the subscriptions' first, so that what they send counts in the new one. */
  async turnCycle(...subscriptionIds: readonly string[]): Promise<void> {
    const byMs = await this.untilNextCycle();
    for (const id of subscriptionIds) await fastForward(this.rig.temporal, `sync/${id}`, byMs);
    await fastForward(this.rig.temporal, this.ledgerId, byMs);
    this.aheadMs += byMs;
  }

  /** As `turnCycle`, while nobody works: the clocks run to their first timers, and on once there is a worker again. */
  async turnCycleWithout(worker: RunningWorker, ...subscriptionIds: readonly string[]): Promise<void> {
    const byMs = await this.untilNextCycle();
    await worker.stop();
    const turned = Promise.all([...subscriptionIds.map((id) => `sync/${id}`), this.ledgerId].map((id) => fastForward(this.rig.temporal, id, byMs)));
    const { workflow } = this.rig.temporal;
    await eventually('the turn of the cycle waits for a worker', async () => {
      const { events } = await workflow.getHandle(this.ledgerId).fetchHistory();
      return (events ?? []).slice(-2).some((event) => event.timerFiredEventAttributes);
    });
    await this.rig.startWorker(this.configuration);
    await turned;
    this.aheadMs += byMs;
  }

  private get ledgerId(): string {
    return `quota/${this.workspaceId}`;
  }

  private async untilNextCycle(): Promise<number> {
    const { cycleEnd } = await this.usage();
    return Date.parse(cycleEnd) + minuteMs - (Date.now() + this.aheadMs);
  }
}

/** What the rows of all syncs of these subscriptions say: records processed, and those that they count as usage. */
export async function usageTotals(database: Rig['database'], ids: readonly string[]): Promise<{ readonly processed: number; readonly counted: number }> {
  const rows = await Promise.all(ids.map((id) => database.query<{ processed: string | null; counted: string | null }>(
    `SELECT sum(processed) AS processed, sum((SELECT sum((sent->>'succeeded')::int + (sent->>'failed')::int) FROM jsonb_each(usage) AS used(day, sent))) AS counted
     FROM __segment_reverse_etl.syncs_${id}`)));
  const total = (of: 'processed' | 'counted'): number => rows.reduce((sum, { rows: [row] }) => sum + Number(row?.[of]), 0);
  return { processed: total('processed'), counted: total('counted') };
}

function withoutDefault({ subscriptions }: Configuration): Configuration['subscriptions'] {
  return Object.fromEntries(Object.entries(subscriptions).filter(([id]) => id !== 'people_to_crm'));
}

function subscribed({ client }: Rig, subscription: Rig['subscription']): Subscribed {
  const { id } = subscription;
  const request = async (): Promise<number> => {
    const answer = await client.requestSync(id);
    if (!answer.accepted) throw new Error(`the request was refused: ${answer.reason}`);
    return answer.request;
  };
  return { subscription, id, table: id, request, sync: async () => client.waitForSync(id, await request()), status: () => client.status(id) };
}

import type { ActivityDependencies } from './dependencies.js';
import { settleAbandoned } from './settle-sync.js';
import { withHeartbeat } from './step.js';
import type { OpenedSync, OpenSyncInput } from './types.js';

/** Step 0: settles what a dead sync left, then allocates the next number. */
export async function openSync(dependencies: ActivityDependencies, input: OpenSyncInput): Promise<OpenedSync> {
  const { subscription, trigger, requestKey } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const destination = dependencies.destinationOf(subscription);
  const request = { subscription, owner: dependencies.workspaceId, destinationIdentity: destination.identity, trigger, requestKey };
  return withHeartbeat(async () => {
    for (;;) {
      const answer = await warehouse.openSync(request);
      if (answer.kind === 'opened') return answer.sync;
      await settleAbandoned(dependencies, { sync: answer.sync, subscription });
    }
  });
}

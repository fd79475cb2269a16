import type { ActivityDependencies } from './dependencies.js';
import { settleAbandoned } from './settle-sync.js';
import { withHeartbeat } from './step.js';
import type { ResetInput } from './types.js';

/** Forgets which versions the destination has, after settling what a dead sync left. The next sync sends everything, and the deletion of what has gone. */
export async function resetState(dependencies: ActivityDependencies, { subscription }: ResetInput): Promise<void> {
  const warehouse = dependencies.warehouseOf(subscription);
  const { identity } = dependencies.destinationOf(subscription);
  await withHeartbeat(async () => {
    for (;;) {
      const answer = await warehouse.resetState(subscription, identity);
      if (answer.kind === 'reset') return;
      await settleAbandoned(dependencies, { sync: answer.sync, subscription });
    }
  });
}

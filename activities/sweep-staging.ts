import { Context } from '@temporalio/activity';
import { SluiceError } from '../src/errors/errors.js';
import type { StagedSync } from '../src/staging/staging.js';
import type { ActivityDependencies } from './dependencies.js';

/** Looking through a store costs requests; a file may well stay a little longer. */
const sweepEveryMs = 600_000;

/**
 * Removes what is staged of syncs that nothing was written to for longer than the retention, but never of one that is still open: a load may wait longer than that
 * for its destination. What it can't do now it leaves for later, and says so: a sync that has settled is not held up by the files of older ones.
 */
export function stagingSweeper(dependencies: ActivityDependencies): () => Promise<void> {
  const { staging, stagingRetainMs } = dependencies;
  let nextMs = 0;
  return async () => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + Math.min(stagingRetainMs, sweepEveryMs);
    try {
      for (const sync of await staging.syncsOlderThan(stagingRetainMs)) {
        if (!(await isOpen(dependencies, sync))) await staging.removeSync(sync);
      }
    } catch (error) {
      Context.current().log.warn('old staged records could not be removed', { reason: error instanceof SluiceError ? error.message : 'unexpected' });
    }
  };
}

/** Files don't tell which source their subscription reads: every source is asked, and one that doesn't answer ends the sweep. */
async function isOpen(dependencies: ActivityDependencies, { subscriptionId, syncNumber }: StagedSync): Promise<boolean> {
  for (const warehouse of dependencies.warehouses().values()) {
    if (await warehouse.isOpen(subscriptionId, syncNumber)) return true;
  }
  return false;
}

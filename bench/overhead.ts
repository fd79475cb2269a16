import { measureSyncs, type RunningOptions } from './running.js';

/** How long a sync takes that has nothing to do: from the request to the end of its workflow, in ms, once for each run. */
export function measureOverhead(options: RunningOptions): Promise<readonly number[]> {
  return measureSyncs(options, {
    id: 'nothing_to_crm',
    query: 'select 1::bigint as id, now() as updated_at where false',
    receiverUrl: 'http://127.0.0.1:9/',
    figureOf: async (run, requestedAt) => {
      const { closeTime } = await run.describe();
      if (closeTime === undefined) throw new Error(`${run.workflowId} has not ended`);
      return closeTime.getTime() - requestedAt;
    },
  });
}

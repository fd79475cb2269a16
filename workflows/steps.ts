import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';

const common = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '15 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;

/** Steps that nothing depends on yet: after some tries the sync ends with the reason, and the next one starts anew. */
export const extractSteps = proxyActivities<Activities>({
  ...common,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds', maximumAttempts: 5 },
});

/** Steps after which records have left: tried until they succeed, so that no outcome is forgotten. */
export const lastingSteps = proxyActivities<Activities>({
  ...common,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

/** Messages to other workflows, sent within the workflow task that has them to say: a step of its own, or a signal by way of the server, would each take two round trips more. */
export const messageSteps = proxyLocalActivities<Pick<Activities, 'tellLedger' | 'deliverNotices'>>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

import { z } from 'zod';
import type { DeliveryAnswer, RecordAnswer } from '../destination.js';
import { isGatewayAnswer } from '../gateway.js';
import { retryAfterMsOf } from '../retry-after.js';

type ReasonWriter = (words: string) => string;

const recordStatus = z.object({ status: z.number(), errormessage: z.string().optional() });
const batchResults = z.array(z.object({ multistatus: z.array(z.unknown()) })).length(1);
const thrown = z.object({
  name: z.string().optional(),
  message: z.string().default(''),
  status: z.number().optional(),
  response: z.object({ status: z.number(), headers: z.custom<Headers>().optional() }).optional(),
});

/** What `onBatch` came to: an entry for each record, in the order of the batch. */
export function judgeResults(results: unknown, records: number, reasonOf: ReasonWriter): DeliveryAnswer {
  const entries = batchResults.safeParse(results).data?.[0]?.multistatus ?? [];
  const statuses = Array.from({ length: records }, (_, index) => recordStatus.safeParse(entries[index]).data ?? null);
  if (statuses.length > 0 && statuses.every((entry) => entry?.status === 401)) return refusedCredentials(401);
  return { kind: 'answered', records: statuses.map((entry) => recordAnswer(entry, reasonOf)) };
}

function recordAnswer(entry: z.infer<typeof recordStatus> | null, reasonOf: ReasonWriter): RecordAnswer {
  if (entry === null) return { kind: 'retry', reason: 'the destination has no answer for this record' };
  const { status, errormessage = '' } = entry;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  return { kind: isTemporary(status) ? 'retry' : 'failed', reason: reasonOf(`${status} ${errormessage}`), code: String(status) };
}

/**
 * What an action threw, which is about the batch as a whole.
 * Reasons of `unavailable` and `unauthorized` hold no words of the destination: they end syncs, and what ends a sync is shown in Temporal.
 */
export function judgeThrown(error: unknown, reasonOf: ReasonWriter, nowMs: number): DeliveryAnswer {
  const { name, message, status: own, response } = thrown.safeParse(error).data ?? { message: '' };
  const isInvalidPayload = name === 'AggregateAjvError' || name === 'ValidationError';
  const status = own ?? response?.status ?? (isInvalidPayload ? 400 : null);
  if (status === null) return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'the destination could not be reached, or broke off before it answered' };
  if (isTemporary(status)) {
    // Without a response nobody knows whether the request arrived.
    const sent = response === undefined || isGatewayAnswer(status);
    return { kind: 'unavailable', sent, retryAfterMs: retryAfterMsOf(response?.headers?.get('retry-after'), nowMs), ...(status === 429 ? { throttled: true } : {}), reason: `the destination answered ${status}`, code: String(status) };
  }
  if (status === 401 || status === 403) return refusedCredentials(status);
  return { kind: 'refused', reason: reasonOf(`${status} ${message}`), code: String(status) };
}

function refusedCredentials(status: number): DeliveryAnswer {
  return { kind: 'unauthorized', reason: `the destination answered ${status}: it refuses the credentials; check its settings in the configuration` };
}

/** Statuses that the package's own runtime retries. */
function isTemporary(status: number): boolean {
  return status === 408 || status === 423 || status === 425 || status === 429 || status >= 500;
}

import { z } from 'zod';
// In a project of your own: from 'sluice/destination'.
import { defineDestination, recordsOf, type BatchRecord, type DeliveryAnswer, type RecordAnswer } from '../../src/destinations/module/index.js';

/** An API that takes one contact at a time: PUT /contacts/<id> creates or changes it, DELETE /contacts/<id> removes it. */
export default defineDestination({
  settings: z.strictObject({ url: z.url(), token: z.string().min(1) }),
  target: ({ url }) => url,
  create: ({ url, token }) => ({
    async deliver(batch, signal): Promise<DeliveryAnswer> {
      const records: RecordAnswer[] = [];
      for (const record of recordsOf(batch)) {
        const response = await fetch(new URL(`contacts/${encodeURIComponent(record.id)}`, url), { ...requestFor(record, token), signal });
        const words = await response.text();
        if (response.status === 401 || response.status === 403) return { kind: 'unauthorized', reason: `the API answered ${response.status}: check the token` };
        // Contacts sent before this one are sent again with the batch: PUT and DELETE make no difference the second time.
        if (response.status === 429 || response.status >= 500) return { kind: 'unavailable', sent: false, retryAfterMs: null, reason: `the API answered ${response.status}` };
        records.push(response.ok || isGone(record, response) ? { kind: 'delivered' } : { kind: 'failed', reason: `${response.status} ${words}` });
      }
      return { kind: 'answered', records };
    },
    async check(signal) {
      const { status } = await fetch(new URL('contacts/', url), { headers: { authorization: `Bearer ${token}` }, signal });
      return [{ what: 'lets the token in', problem: status < 400 ? null : `the API answered ${status}: check the token` }];
    },
  }),
});

function requestFor(record: BatchRecord, token: string): RequestInit {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': record.messageId };
  return record.operation === 'deleted' ? { method: 'DELETE', headers } : { method: 'PUT', headers, body: JSON.stringify(record.body) };
}

function isGone(record: BatchRecord, response: Response): boolean {
  return record.operation === 'deleted' && response.status === 404;
}

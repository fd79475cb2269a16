import { z } from 'zod';
import type { Batch, DeliveryAnswer, RecordAnswer } from '../destination.js';
import { isGatewayAnswer } from '../gateway.js';
import { retryAfterMsOf } from '../retry-after.js';
import type { Exchange } from './exchange.js';

type ReasonWriter = (words: string) => string;

/**
 * What an exchange says about the batch (CONTRACT, "What a destination gets").
 * Reasons of `unavailable` and `unauthorized` hold no words of the destination: they end syncs, and what ends a sync is shown in Temporal,
 * where an answer that quotes a record must not appear.
 */
export function judgeExchange(exchange: Exchange, batch: Pick<Batch, 'records'>, origin: string, reasonOf: ReasonWriter, nowMs: number): DeliveryAnswer {
  switch (exchange.kind) {
    case 'timeout':
      return unavailable(exchange.started, `${origin} did not answer in time`);
    case 'broken':
      return unavailable(exchange.started, brokenReason(exchange, origin));
    case 'answer':
      return judgeAnswer(exchange, batch, reasonOf, nowMs);
  }
}

type Answer = Extract<Exchange, { kind: 'answer' }>;

function judgeAnswer(answer: Answer, batch: Pick<Batch, 'records'>, reasonOf: ReasonWriter, nowMs: number): DeliveryAnswer {
  const { status } = answer;
  const said = `the destination answered ${status}`;
  if (isSuccess(status)) return judgeSuccess(answer, batch, reasonOf);
  if (isTemporary(status)) {
    const retryAfterMs = retryAfterMsOf([answer.headers['retry-after']].flat()[0], nowMs);
    return { ...unavailable(isGatewayAnswer(status), said, retryAfterMs), code: String(status), ...(status === 429 ? { throttled: true } : {}) };
  }
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason: `${said}: it refuses the credentials; check them in the configuration` };
  // No record is at fault, and no wait helps: like refused credentials, it takes someone to change the configuration.
  // Following would be wrong: a redirected POST may turn into a GET, or carry the credentials to another host.
  if (status < 400) return { kind: 'unauthorized', reason: `${said}: redirects are not followed; set the destination's url to its final address` };
  return { kind: 'refused', reason: reasonOf(`${status} ${answer.body}`), code: String(status) };
}

function judgeSuccess(answer: Answer, batch: Pick<Batch, 'records'>, reasonOf: ReasonWriter): DeliveryAnswer {
  if (!answer.body.includes('"results"')) return { kind: 'delivered' };
  // It answered for each record, and the end of that is lost: taking it for a success could hide a refused record.
  if (!answer.complete) return unavailable(true, 'the answer for each record is longer than 1 MB; lower batchSize');
  const results = resultsIn(answer.body);
  if (results === null) return { kind: 'delivered' };
  const byMessageId = new Map(results.map((result) => [result.messageId, result]));
  return { kind: 'answered', records: batch.records.map(({ event }) => recordAnswer(byMessageId.get(event.messageId), reasonOf)) };
}

const resultsBody = z.object({ results: z.array(z.unknown()) });
const resultEntry = z.object({ messageId: z.string(), status: z.unknown().optional(), error: z.unknown().optional() });
type ResultEntry = z.infer<typeof resultEntry>;

/** Null when the body is some other document: lists called `results` without any messageId are common, and say nothing about our records. */
function resultsIn(body: string): readonly ResultEntry[] | null {
  const parsed = resultsBody.safeParse(parseJson(body));
  if (!parsed.success) return null;
  const entries = parsed.data.results.flatMap((entry) => resultEntry.safeParse(entry).data ?? []);
  return entries.length === 0 && parsed.data.results.length > 0 ? null : entries;
}

/**
 * Accepted as `status`, in any case: a number or numeral read as an HTTP status (2xx delivered; 408, 425, 429 and 5xx again later; others failed),
 * or a word: ok, success, succeeded, delivered, accepted; retry; any other word means failed.
 */
function recordAnswer(result: ResultEntry | undefined, reasonOf: ReasonWriter): RecordAnswer {
  // A destination that answers for each record and is silent about one has not acknowledged it. Sent again, it is taken or named at last.
  if (typeof result?.status !== 'number' && typeof result?.status !== 'string') return { kind: 'retry', reason: 'the answer has no status for this record' };
  const word = String(result.status).trim().toLowerCase();
  const code = /^\d{3}$/.test(word) ? Number(word) : null;
  if (code === null ? successWords.has(word) : isSuccess(code)) return { kind: 'delivered' };
  const reason = reasonOf(`${result.status} ${wordsOf(result.error)}`);
  const again = code === null ? word === 'retry' : isTemporary(code);
  return { kind: again ? 'retry' : 'failed', reason, ...(code === null ? {} : { code: String(code) }) };
}

const successWords = new Set(['ok', 'success', 'succeeded', 'delivered', 'accepted']);

function wordsOf(error: unknown): string {
  if (error === undefined || error === null) return '';
  return typeof error === 'string' ? error : JSON.stringify(error);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Statuses after which the same request may succeed later. */
function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function unavailable(sent: boolean, reason: string, retryAfterMs: number | null = null): Extract<DeliveryAnswer, { kind: 'unavailable' }> {
  return { kind: 'unavailable', sent, retryAfterMs, reason };
}

/** Only the error's code: its message may name an address with credentials. */
function brokenReason({ started, error }: Extract<Exchange, { kind: 'broken' }>, origin: string): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return started ? `${origin} broke the connection before it answered (${code})` : `no connection to ${origin} (${code})`;
}

import type { DeliveryAnswer, RecordAnswer } from './destination.js';

/** How one record of a batch ended. `not_sent`: certainly not taken. `ambiguous`: sent, and no answer came. */
export type RecordEnd =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly reason: string; readonly code?: string }
  | { readonly kind: 'ambiguous'; readonly reason: string }
  | { readonly kind: 'not_sent'; readonly reason: string };

/** The destination's words about a record, and the status code that they came with. */
export interface Refusal {
  readonly reason: string;
  readonly code?: string;
}

/** Records that are sent together, by their index in the batch. */
export type Group = readonly number[];

/** What follows from one answer about one group. */
export type Verdict =
  /** All of the group succeeded. */
  | { readonly kind: 'taken' }
  /** `ended` is settled; `next` are groups to send at once, in this order. */
  | { readonly kind: 'go_on'; readonly ended: ReadonlyMap<number, RecordEnd>; readonly next: readonly Group[] }
  /** Nothing is settled; the group goes again after a wait. `suspect`: one of its records may be the cause. */
  | { readonly kind: 'outage'; readonly sent: boolean; readonly suspect: boolean; readonly retryAfterMs: number | null; readonly throttled: boolean; readonly refusal: Refusal }
  /** `putOff` go again after a wait, with the destination's reason for each. */
  | { readonly kind: 'put_off'; readonly ended: ReadonlyMap<number, RecordEnd>; readonly putOff: ReadonlyMap<number, Refusal> }
  /** Nothing will get through until someone changes something. */
  | { readonly kind: 'stop'; readonly reason: string };

export const succeeded: RecordEnd = { kind: 'succeeded' };
const unanswered: RecordAnswer = { kind: 'retry', reason: 'the destination answered for fewer records than it got' };

/** The policy, without time or I/O: which records an answer settles, and how the others go on. */
export function judge(answer: DeliveryAnswer, group: Group): Verdict {
  switch (answer.kind) {
    case 'delivered':
      return { kind: 'taken' };
    case 'answered':
      return judgeEach(group, answer.records);
    case 'refused':
      return judgeRefusal(group, refusalOf(answer));
    case 'unavailable':
      return { kind: 'outage', sent: answer.sent, suspect: answer.sent || (answer.code === '500' && answer.retryAfterMs === null), retryAfterMs: answer.retryAfterMs, throttled: answer.throttled ?? false, refusal: refusalOf(answer) };
    case 'unauthorized':
      return { kind: 'stop', reason: answer.reason };
  }
}

function judgeRefusal(group: Group, refusal: Refusal): Verdict {
  if (group.length <= 1) return { kind: 'go_on', ended: new Map(group.map((index) => [index, { kind: 'failed', ...refusal }])), next: [] };
  return { kind: 'go_on', ended: new Map(), next: halves(group) };
}

/** Halving finds one bad record among 500 in about 2·log2(500) = 18 requests. */
export function halves(group: Group): readonly Group[] {
  const middle = group.length >> 1;
  return [group.slice(0, middle), group.slice(middle)].filter(({ length }) => length > 0);
}

function judgeEach(group: Group, answers: readonly RecordAnswer[]): Verdict {
  const ended = new Map<number, RecordEnd>();
  const putOff = new Map<number, Refusal>();
  group.forEach((index, position) => {
    const answer = answers[position] ?? unanswered;
    if (answer.kind === 'retry') putOff.set(index, refusalOf(answer));
    else ended.set(index, answer.kind === 'delivered' ? succeeded : answer);
  });
  return putOff.size === 0 ? { kind: 'go_on', ended, next: [] } : { kind: 'put_off', ended, putOff };
}

function refusalOf({ reason, code }: Refusal): Refusal {
  return code === undefined ? { reason } : { reason, code };
}

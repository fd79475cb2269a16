import type { CheckItem } from '../../contract/reports.js';
import type { DeliveryAnswer } from '../destination.js';
import type { Exchange } from './exchange.js';

/** What an empty batch, which changes nothing, shows of a webhook. Many refuse one with a 400 or 422, which is no fault: they were reached and let Sluice in. */
export function webhookChecks(exchange: Exchange, judged: DeliveryAnswer, origin: string): readonly CheckItem[] {
  const reached = { what: `reaches ${origin}` };
  if (exchange.kind !== 'answer') return [{ ...reached, problem: 'reason' in judged ? judged.reason : null }];
  const { status } = exchange;
  return [
    { ...reached, problem: null },
    { what: 'takes the credentials', problem: judged.kind === 'unauthorized' ? judged.reason : null },
    { what: 'takes batches at this url', problem: judged.kind === 'unavailable' ? judged.reason : wrongPlace.has(status) ? `the destination answered ${status}: correct the url or the method` : null },
  ];
}

const wrongPlace: ReadonlySet<number> = new Set([404, 405, 410, 501]);

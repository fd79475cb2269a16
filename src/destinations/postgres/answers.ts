import pg from 'pg';
import type { DeliveryAnswer } from '../destination.js';
import { NoAnswerError } from '../within.js';
import { createReasonWriter } from '../reason.js';
import type { TargetColumn } from './target.js';

/** Classes of SQLSTATE (PostgreSQL's documentation, appendix A). Connection, rollback, resources, locks, operator intervention, system: a retry can help. */
const outages = new Set(['08', '40', '53', '55', '57', '58', 'XX']);
/** Something about a row: a value, a constraint, a trigger's or view's objection, a size that an index can't take. */
const refusals = new Set(['21', '22', '23', '44', '54', 'P0']);

const shorten = createReasonWriter([]);

/** What a failed transaction says about its batch, whose stage has the columns `staged`, the key first. Only reasons of refusals, which stay in the warehouse, may quote the destination. */
export function judgeFailure(error: unknown, sent: boolean, place: string, staged: readonly TargetColumn[]): DeliveryAnswer {
  if (error instanceof NoAnswerError) return unavailable(sent, `${place} did not answer in time`);
  if (!(error instanceof pg.DatabaseError)) return unavailable(sent, `no connection to ${place} (${codeOf(error)})`);
  const code = error.code ?? 'XX000';
  if (refusals.has(code.slice(0, 2))) return { kind: 'refused', reason: shorten(`${code} ${refusalWords(error, staged)}`), code };
  // In other classes messages speak of names and permissions; an internal error may speak of anything.
  const words = shorten(`${code}${code.startsWith('XX') ? '' : ` ${error.message}`}`);
  if (outages.has(code.slice(0, 2))) return unavailable(sent, `${place} answered ${words}`);
  return { kind: 'unauthorized', reason: `${place} answered ${words}: correct the destination's configuration, or what its role may do` };
}

/** Conversion errors quote the value at the end: what stays is the kind of error and the column. Constraint errors name columns and constraints only. */
function refusalWords(error: pg.DatabaseError, staged: readonly TargetColumn[]): string {
  const message = error.code?.startsWith('22') === true ? error.message.replace(/".*"/s, '"…"') : error.message;
  const found = /, column c(\d+)/.exec(error.where ?? '');
  const column = found === null ? error.column : staged[Number(found[1])]?.name;
  return column === undefined || message.includes(`"${column}"`) ? message : `column "${column}": ${message}`;
}

function unavailable(sent: boolean, reason: string): DeliveryAnswer {
  return { kind: 'unavailable', sent, retryAfterMs: null, reason };
}

/** Only the code: the driver's messages may name an address with credentials. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

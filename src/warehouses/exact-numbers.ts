import { eventsOf } from '../domain/staged-record.js';
import type { DeltaBlock } from './warehouse.js';

/**
 * Numbers inside lists and objects, under the rule for columns (CONTRACT, "What a destination gets"): what a double can't hold becomes a string.
 * SQL writes such columns as one piece of JSON; taking it apart there would cost more than here, where most text needs no more than a glance.
 */

/** Strings, and numbers, of which only the latter are looked at. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** A document as JSON text, in any encoding that keeps ASCII. */
export function quoteInexactNumbers(json: string): string {
  return json.replace(tokens, (token) => (token.startsWith('"') || holdsExactly(token) ? token : `"${token}"`));
}

/** The same for each event of a block. */
export function withExactNumbers(block: DeltaBlock): DeltaBlock {
  const events = eventsOf(block).map((event) => quoteInexactNumbers(event.toString('latin1')));
  let end = -1;
  const ends = Uint32Array.from(events, ({ length }) => (end += 2 + length));
  return { ...block, events: Buffer.from(`\n${events.join(',\n')},`, 'latin1'), ends };
}

/** Whether a reader that takes the number for a double, and writes it again, writes the same number. */
function holdsExactly(number: string): boolean {
  // Fewer digits are always exact.
  if (number.length < 16 && !/e/i.test(number)) return true;
  const [written, read] = [decimal(number), decimal(String(Number(number)))];
  return written.digits === read.digits && written.exponent === read.exponent;
}

/** A number as digits without zeros at either end, and the power of ten of the last one. */
function decimal(number: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = number.replace(/^-/, '').toLowerCase().split(/e(.*)/s);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  return digits === '' ? { digits, exponent: 0 } : { digits, exponent: Number(power) - fraction.length + all.length - digits.length };
}

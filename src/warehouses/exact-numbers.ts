/**
 * Numbers inside lists and objects, under the rule for columns (CONTRACT, "What a destination gets"): what a double can't hold becomes a string.
 * SQL writes such columns as one piece of JSON; taking it apart there would cost more than here, where most text needs no more than a glance.
 */

/** A staged line's version, then strings and numbers; of these only numbers are looked at. */
const tokens = /^[\w-]+(?=\{)|"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gm;

/** Lines of `<version>{event}`, or documents alone, as JSON text in any encoding that keeps ASCII. */
export function quoteInexactNumbers(lines: string): string {
  return lines.replace(tokens, (token, offset: number) => {
    const isNumber = !token.startsWith('"') && lines[offset + token.length] !== '{';
    return isNumber && !holdsExactly(token) ? `"${token}"` : token;
  });
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

import type { Json } from '../domain/subscription.js';

const reasonCharacters = 200;
/** Half of a character that cutting went through; PostgreSQL would refuse it. */
const loneHalf = /[\uD800-\uDBFF]$/;

/** Makes a destination's own words fit to be shown and kept: one line, at most 200 characters, with everything in `secrets` hidden. */
export function createReasonWriter(secrets: readonly string[]): (words: string) => string {
  return (words) => {
    // Secrets go first: cutting before could leave half of one standing at the end.
    const hidden = secrets.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), words);
    const line = hidden.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
    return line.length <= reasonCharacters ? line : `${line.slice(0, reasonCharacters).replace(loneHalf, '')}…`;
  };
}

/** Shorter texts and numbers are words of every language and message, and tell nothing of a person. */
const leastCharacters = 4;

/** A destination's words about one record, without what it quotes of the record's own values. The reason is as `createReasonWriter` makes them. */
export function hideValues(reason: string, record: Json): string {
  const values = [...new Set(textsIn(record))].map((text) => text.slice(0, reasonCharacters).trim()).filter((text) => text.length >= leastCharacters).sort((one, other) => other.length - one.length);
  if (values.length === 0) return reason;
  const whole = new RegExp(`(?<![\\p{L}\\p{N}])(?:${values.map(escaped).join('|')})(?![\\p{L}\\p{N}])`, 'gu');
  return hideCutValue(reason, values).replaceAll(whole, hiddenValue);
}

const hiddenValue = '[value]';

/** The beginning of a value that a reason was cut in. */
function hideCutValue(reason: string, values: readonly string[]): string {
  if (!reason.endsWith('…')) return reason;
  const words = reason.slice(0, -1);
  for (let from = Math.max(0, words.length - reasonCharacters); from <= words.length - leastCharacters; from++) {
    if (values.some((value) => value.startsWith(words.slice(from)))) return `${words.slice(0, from)}${hiddenValue}…`;
  }
  return reason;
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (value === null || typeof value === 'boolean') return [];
  return Object.values(value).flatMap(textsIn);
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+./?[\\\]^{|}]/g, '\\$&');
}

import type { Json } from './subscription.js';

/** How a value is written before it is hashed, so that the same person has the same hash everywhere. */
export const normalizations = ['email', 'phone', 'phoneDigits'] as const;
export type Normalization = (typeof normalizations)[number];

/** What `{"@hash": …}` holds in a mapping: a directive of Sluice's own, beside those of Segment's mapping-kit. */
export interface HashOptions {
  /** A value or a directive. */
  readonly value: Json;
  readonly normalize?: Normalization;
  /** For phone numbers without an international prefix: `49`. */
  readonly countryCode?: string;
}

/** The same text for the same address or number, however it was written: an address without spaces around it and in lower case, a number in E.164, or its digits. */
export function normalized(text: string, { normalize, countryCode }: Omit<HashOptions, 'value'>): string {
  return normalize === undefined ? text : writers[normalize](text, countryCode);
}

const writers: Readonly<Record<Normalization, (text: string, countryCode: string | undefined) => string>> = {
  email: (text) => text.trim().toLowerCase(),
  phone: (text, countryCode) => prefixed('+', phoneDigits(text, countryCode)),
  phoneDigits,
};

/** With `countryCode`, a number that begins with neither + nor 00 is a national one: its leading zeros give way to the code. Without, it is taken to be whole. */
function phoneDigits(text: string, countryCode: string | undefined): string {
  const isInternational = /^\s*(\+|00)/.test(text);
  // (0) in +44 (0)20 is dialed within the country only.
  const digits = (isInternational ? text.replace('(0)', '') : text).replace(/\D/g, '').replace(/^0+/, '');
  return isInternational || countryCode === undefined ? digits : prefixed(countryCode, digits);
}

function prefixed(prefix: string, text: string): string {
  return text === '' ? '' : `${prefix}${text}`;
}

import { spreadOf } from '../statistics.js';

/** `1.23 (1.20–1.31)`: the median, and the least and the most. */
export function spread(values: readonly number[], digits = 2): string {
  if (values.length === 0) return '–';
  const { median, min, max } = spreadOf(values);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/** Like `spread`, in millions of bytes. */
export function megabytes(values: readonly number[]): string {
  return spread(values.map((bytes) => bytes / 1_000_000), 0);
}

export function wholeMegabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}

export function thousands(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1.21, limit ≤ 1.25: met`. */
export function against(limit: { readonly most: number } | { readonly least: number }, value: number, digits = 2): string {
  const [sign, bound, met] = 'most' in limit ? (['≤', limit.most, value <= limit.most] as const) : (['≥', limit.least, value >= limit.least] as const);
  return `${value.toFixed(digits)}, limit ${sign} ${bound}: ${met ? 'met' : 'MISSED'}`;
}

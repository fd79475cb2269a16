/** Retry-After is a number of seconds or an HTTP date (RFC 9110, section 10.2.3). Null when there is none, or it is neither. */
export function retryAfterMsOf(header: string | null | undefined, nowMs: number): number | null {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

import { createHmac } from 'node:crypto';

export const timestampHeader = 'webhook-timestamp';
export const signatureHeader = 'webhook-signature';

/**
 * Headers, names and values in turn, by which a receiver tells that a request is genuine and recent:
 * `webhook-timestamp` holds seconds since the epoch, `webhook-signature` holds `sha256=` and the hex HMAC-SHA256 of `<timestamp>.<body>`.
 * The body is signed as JSON, before compression, because frameworks hand it out decompressed. Each attempt is signed anew.
 */
export function signatureHeaders(secret: string, body: Buffer, nowMs: number): string[] {
  const timestamp = String(Math.floor(nowMs / 1000));
  return [timestampHeader, timestamp, signatureHeader, signatureOf(secret, timestamp, body)];
}

export function signatureOf(secret: string, timestamp: string, body: Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
}

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../../errors/errors.js';
import type { WebhookConfig } from './config.js';

/** What a TLS connection is opened with, beyond the defaults. */
interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads certificates and key once, and has TLS check that they can be used and belong together: a mistake shows at the start, not in the middle of a sync.
 *
 * @throws ConfigurationError that names the key and the file, never what is in it
 */
export function tlsOptionsOf(name: string, { url, tls }: Pick<WebhookConfig, 'url' | 'tls'>): TlsOptions {
  if (tls === null) return {};
  if (!url.startsWith('https:')) throw new ConfigurationError([`destination "${name}": tls needs an https URL; write url as https://host/path, or remove tls`]);
  const ca: Pick<TlsOptions, 'ca'> = tls.caFile === null ? {} : { ca: read(name, 'caFile', tls.caFile) };
  const { client } = tls;
  const own = client === null ? {} : { cert: read(name, 'certFile', client.certFile), key: read(name, 'keyFile', client.keyFile) };
  // TLS itself passes over a caFile without certificates, and then trusts nobody.
  check(name, 'caFile holds no PEM certificates', () => ca.ca === undefined || new X509Certificate(ca.ca));
  check(name, 'certFile and keyFile are no PEM certificate and its unencrypted PEM key', () => createSecureContext(own));
  return { ...ca, ...own };
}

function read(name: string, key: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigurationError([`destination "${name}": tls.${key} ${file} cannot be read (${code}); give the path of a PEM file that the worker may read`]);
  }
}

function check(name: string, problem: string, use: () => unknown): void {
  try {
    use();
  } catch {
    throw new ConfigurationError([`destination "${name}": tls.${problem}; export them anew`]);
  }
}

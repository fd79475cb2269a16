import { createHash } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ConfigurationError } from '../../errors/errors.js';
import type { WebhookConfig } from './config.js';

/** Where requests go, taken apart once. `origin` and `path` hold no credentials; `path` includes the query. */
interface Target {
  readonly origin: string;
  readonly path: string;
  /** The `authorization` header that credentials in the URL stand for. */
  readonly authorization: string | null;
  readonly identity: string;
}

/** Query parameters that carry a credential. Their values may be rotated without making another destination. */
const secretParameter = /token|key|secret|sig|pass|pwd|auth|code|credential|jwt/i;

/** Headers that belong to the connection. undici refuses them, request by request; saying so at the start is kinder. */
const connectionHeaders = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** @throws ConfigurationError when the URL is none that HTTP can reach, or a header is none that it can carry */
export function targetOf(name: string, config: WebhookConfig): Target {
  const url = URL.canParse(config.url) ? new URL(config.url) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigurationError([`destination "${name}": url is not an http or https URL; write it as https://host/path`]);
  }
  const badHeaders = Object.entries(config.headers).filter(([header, value]) => !canBeSent(header, value));
  if (badHeaders.length > 0) {
    throw new ConfigurationError(badHeaders.map(([header]) => `destination "${name}": header "${header}" cannot be sent; remove it or correct its name or value`));
  }
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    authorization: url.username === '' && url.password === '' ? null : basicAuthorization(url),
    identity: identityOf(name, url),
  };
}

/** Everything in the configuration that must not show up in a reason. Parts shorter than 4 characters are no secrets, and hiding them would garble the text. */
export function secretsOf(config: WebhookConfig): readonly string[] {
  const url = new URL(config.url);
  const values = Object.entries(config.headers)
    .filter(([header]) => !['content-type', 'accept', 'user-agent'].includes(header.toLowerCase()))
    .flatMap(([, value]) => [value, ...value.split(/\s+/).slice(1)]);
  const secrets = [
    ...values,
    config.signing?.secret ?? '',
    ...[url.username, url.password].flatMap((part) => [part, decodeIfPossible(part)]),
    // Query values as the URL has them, and decoded.
    ...url.search.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1)),
    ...url.searchParams.values(),
    basicAuthorization(url).slice('Basic '.length),
  ];
  return [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
}

/**
 * Name, type, origin, path and the query, where the values of parameters that look like credentials are left out:
 * `?list=7` tells one target from another, `?token=…` does not. Method and headers don't matter: the same target takes them.
 */
function identityOf(name: string, url: URL): string {
  const query = [...url.searchParams].map(([key, value]) => [key, secretParameter.test(key) ? null : value]);
  return createHash('sha256')
    .update(JSON.stringify(['webhook', name, url.origin, url.pathname, query]))
    .digest('hex');
}

function canBeSent(header: string, value: string): boolean {
  try {
    validateHeaderName(header);
    validateHeaderValue(header, value);
    return !connectionHeaders.has(header.toLowerCase());
  } catch {
    return false;
  }
}

function basicAuthorization(url: URL): string {
  const pair = `${decodeIfPossible(url.username)}:${decodeIfPossible(url.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decodeIfPossible(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

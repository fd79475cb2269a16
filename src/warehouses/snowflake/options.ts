import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'snowflake-sdk';
import { WarehouseRefusedError } from '../../errors/errors.js';
import { literal } from './names.js';
import type { SnowflakeAuth, SnowflakeSettings } from './settings.js';

/** What the driver is told about one connection. @throws WarehouseRefusedError for a key that can't be read */
export async function connectionOptions(source: string, settings: SnowflakeSettings, warehouse: string): Promise<ConnectionOptions> {
  const { account, username, database, schema, role, accessUrl } = settings;
  return {
    account,
    username,
    database,
    warehouse,
    ...(schema === null ? {} : { schema }),
    ...(role === null ? {} : { role }),
    ...(accessUrl === null ? {} : { accessUrl }),
    ...(await credentials(source, settings.auth)),
    application: 'sluice',
    // The session's token outlives a pause between two statements, however long a load takes.
    clientSessionKeepAlive: true,
    // A login that fails is tried again by who asked for it: the driver's own tries go on for minutes after this side has given up, and keep the process from ending.
    sfRetryMaxLoginRetries: 0,
    // Two parts of a result at most are held ahead of the reader.
    resultPrefetch: 1,
  };
}

async function credentials(source: string, auth: SnowflakeAuth): Promise<ConnectionOptions> {
  switch (auth.kind) {
    case 'password':
      return { authenticator: 'SNOWFLAKE', password: auth.password };
    case 'oauth':
      return { authenticator: 'OAUTH', token: auth.token };
    case 'accessToken':
      return { authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token: auth.token };
    case 'key':
      return keyPair(source, auth.key, auth.passphrase);
    case 'keyFile':
      return keyPair(source, await keyIn(source, auth.file), auth.passphrase);
  }
}

/** The driver takes a key as it is, so an encrypted one is opened here, and both say in our words what is wrong with them. */
function keyPair(source: string, key: string, passphrase: string | null): ConnectionOptions {
  try {
    // One line in an environment variable often has its line breaks written out.
    const opened = createPrivateKey({ key: key.replaceAll('\\n', '\n'), ...(passphrase === null ? {} : { passphrase }) });
    return { authenticator: 'SNOWFLAKE_JWT', privateKey: opened.export({ type: 'pkcs8', format: 'pem' }) as string };
  } catch (error) {
    throw new WarehouseRefusedError(`the private key of source "${source}" can't be read (${codeOf(error)}): it has to be PEM, and privateKeyPassphrase the one that it was encrypted with`);
  }
}

async function keyIn(source: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new WarehouseRefusedError(`the private key file of source "${source}" can't be read (${codeOf(error)}): check privateKeyFile`);
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown format';
}

/** How long a statement waits for one that changes the same table. */
const lockTimeoutSeconds = 60;

/** Whatever changes a value's text is pinned, so that a checksum never depends on who connects from where; and what a user's or account's defaults could turn off. */
export function pinSession(settings: SnowflakeSettings): string {
  const parameters = {
    TIMEZONE: literal('UTC'),
    DATE_OUTPUT_FORMAT: literal('YYYY-MM-DD'),
    TIME_OUTPUT_FORMAT: literal('HH24:MI:SS.FF9'),
    TIMESTAMP_OUTPUT_FORMAT: literal('YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'),
    TIMESTAMP_NTZ_OUTPUT_FORMAT: literal('YYYY-MM-DD HH24:MI:SS.FF9'),
    TIMESTAMP_LTZ_OUTPUT_FORMAT: literal(''),
    TIMESTAMP_TZ_OUTPUT_FORMAT: literal(''),
    TIMESTAMP_TYPE_MAPPING: literal('TIMESTAMP_NTZ'),
    BINARY_OUTPUT_FORMAT: literal('HEX'),
    GEOGRAPHY_OUTPUT_FORMAT: literal('GeoJSON'),
    GEOMETRY_OUTPUT_FORMAT: literal('GeoJSON'),
    STRICT_JSON_OUTPUT: 'TRUE',
    QUOTED_IDENTIFIERS_IGNORE_CASE: 'FALSE',
    AUTOCOMMIT: 'TRUE',
    TRANSACTION_ABORT_ON_ERROR: 'FALSE',
    ERROR_ON_NONDETERMINISTIC_MERGE: 'TRUE',
    ERROR_ON_NONDETERMINISTIC_UPDATE: 'TRUE',
    // A statement whose worker has died ends.
    ABORT_DETACHED_QUERY: 'TRUE',
    LOCK_TIMEOUT: String(lockTimeoutSeconds),
    STATEMENT_TIMEOUT_IN_SECONDS: String(Math.ceil(settings.statementTimeoutMs / 1000)),
    // The smallest part that a large result is cut into, in MB: a worker holds two of them.
    CLIENT_RESULT_CHUNK_SIZE: '16',
    CLIENT_PREFETCH_THREADS: '1',
    ROWS_PER_RESULTSET: '0',
    USE_CACHED_RESULT: 'FALSE',
  } as const;
  return `ALTER SESSION SET ${Object.entries(parameters).map(([name, value]) => `${name} = ${value}`).join(' ')}`;
}

import type { SnowflakeSettings } from '../../../src/warehouses/snowflake/index.js';
import { sharedEmulator } from './server.js';

export type TestAccount = Omit<SnowflakeSettings, 'schema' | 'stateSchema' | 'maxRecordsPerSync' | 'statementTimeoutMs' | 'maxConcurrentDiffs'>;

/**
 * The emulator, unless SNOWFLAKE_TEST_ACCOUNT names a real account; then SNOWFLAKE_TEST_USERNAME, SNOWFLAKE_TEST_PASSWORD or SNOWFLAKE_TEST_PRIVATE_KEY_FILE,
 * SNOWFLAKE_TEST_DATABASE, SNOWFLAKE_TEST_WAREHOUSE and, if wanted, SNOWFLAKE_TEST_ROLE and SNOWFLAKE_TEST_URL (accessUrl) say the rest. The role has to be allowed to
 * create schemas in that database; the laws make two of their own, and drop them.
 */
export async function snowflakeAccount(): Promise<TestAccount> {
  const { env } = process;
  const none = { role: null, stateWarehouse: null, queryTag: null, unload: null } as const;
  const account = env['SNOWFLAKE_TEST_ACCOUNT'];
  if (account === undefined) {
    const { url } = await sharedEmulator();
    return { ...none, account: 'emulator', username: 'sluice', auth: { kind: 'password', password: 'sluice' }, database: 'WAREHOUSE', warehouse: 'EMULATED', accessUrl: url };
  }
  const file = env['SNOWFLAKE_TEST_PRIVATE_KEY_FILE'];
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`SNOWFLAKE_TEST_ACCOUNT is set, so ${name} has to be as well`);
    return value;
  };
  return {
    ...none,
    account,
    username: needed('SNOWFLAKE_TEST_USERNAME'),
    auth: file === undefined ? { kind: 'password', password: needed('SNOWFLAKE_TEST_PASSWORD') } : { kind: 'keyFile', file, passphrase: env['SNOWFLAKE_TEST_PRIVATE_KEY_PASSPHRASE'] ?? null },
    role: env['SNOWFLAKE_TEST_ROLE'] ?? null,
    database: needed('SNOWFLAKE_TEST_DATABASE'),
    warehouse: needed('SNOWFLAKE_TEST_WAREHOUSE'),
    accessUrl: env['SNOWFLAKE_TEST_URL'] ?? null,
  };
}

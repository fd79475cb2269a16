import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WarehouseRefusedError } from '../../../../src/errors/errors.js';
import { connectionOptions, pinSession } from '../../../../src/warehouses/snowflake/options.js';
import type { SnowflakeAuth, SnowflakeSettings } from '../../../../src/warehouses/snowflake/settings.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const settings = (auth: SnowflakeAuth): SnowflakeSettings => ({
  account: 'org-account', username: 'sluice', auth, role: 'SYNC', database: 'ANALYTICS', schema: null, warehouse: 'LOADING', stateWarehouse: null, accessUrl: 'https://private.example',
  queryTag: null, unload: null, stateSchema: '__segment_reverse_etl', maxRecordsPerSync: 1, statementTimeoutMs: 90_500, maxConcurrentDiffs: 1,
});
const optionsFor = (auth: SnowflakeAuth) => connectionOptions('snow', settings(auth), 'LOADING');
const pem = { type: 'pkcs8', format: 'pem' } as const;

describe('a connection to Snowflake', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const plain = privateKey.export(pem) as string;
  const encrypted = privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'open sesame' }) as string;

  it('names role, database, warehouse and a private endpoint, and keeps its session', async () => {
    const options = await optionsFor({ kind: 'password', password: 'p' });
    const { role, database, warehouse, accessUrl, clientSessionKeepAlive, authenticator } = options;
    assert.deepEqual([role, database, warehouse, accessUrl, clientSessionKeepAlive, authenticator], ['SYNC', 'ANALYTICS', 'LOADING', 'https://private.example', true, 'SNOWFLAKE']);
  });

  it('takes a key inline or from a file, encrypted or not, and line breaks written out', async () => {
    const folder = await temporaryFolder();
    try {
      const file = join(folder.path, 'key.p8');
      await writeFile(file, encrypted);
      const keys: SnowflakeAuth[] = [
        { kind: 'key', key: plain, passphrase: null },
        { kind: 'key', key: plain.replaceAll('\n', '\\n'), passphrase: null },
        { kind: 'key', key: encrypted, passphrase: 'open sesame' },
        { kind: 'keyFile', file, passphrase: 'open sesame' },
      ];
      for (const auth of keys) {
        const options = await optionsFor(auth);
        assert.deepEqual([options.authenticator, options.privateKey], ['SNOWFLAKE_JWT', plain]);
      }
    } finally {
      await folder.remove();
    }
  });

  it('takes an OAuth token and a programmatic access token', async () => {
    assert.deepEqual(await optionsFor({ kind: 'oauth', token: 't' }).then(({ authenticator, token }) => [authenticator, token]), ['OAUTH', 't']);
    assert.deepEqual(await optionsFor({ kind: 'accessToken', token: 't' }).then(({ authenticator, token }) => [authenticator, token]), ['PROGRAMMATIC_ACCESS_TOKEN', 't']);
  });

  it('says what is wrong with a key, and quotes neither key nor passphrase', async () => {
    const wrong: SnowflakeAuth[] = [
      { kind: 'key', key: encrypted, passphrase: 'a-secret' },
      { kind: 'key', key: 'a-secret', passphrase: null },
      { kind: 'keyFile', file: '/nowhere/key.p8', passphrase: null },
    ];
    for (const auth of wrong) {
      await assert.rejects(optionsFor(auth), (error) => error instanceof WarehouseRefusedError && error.message.includes('private key') && !error.message.includes('a-secret'));
    }
  });

  it('pins what changes how a value is written', () => {
    const statement = pinSession(settings({ kind: 'password', password: 'p' }));
    assert.match(statement, /^ALTER SESSION SET TIMEZONE = 'UTC' .*BINARY_OUTPUT_FORMAT = 'HEX' .*QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE .*STATEMENT_TIMEOUT_IN_SECONDS = 91 /);
  });
});

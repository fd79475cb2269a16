import assert from 'node:assert/strict';
import pg from 'pg';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../../../src/errors/errors.js';
import { createPostgresWarehouse } from '../../../../src/warehouses/postgres/index.js';
import { asWarehouseError } from '../../../../src/warehouses/postgres/errors.js';

function databaseError(code: string, message: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code });
}

describe('an error of PostgreSQL', () => {
  it('is worth a retry when the connection, the server or a lock was in the way', () => {
    for (const code of ['08006', '40001', '40P01', '53300', '57P01', '57P03', '55P03', '58030']) {
      assert(asWarehouseError('warehouse', databaseError(code, 'x')) instanceof WarehouseUnavailableError, code);
    }
  });

  it('is final when the statement, the data or a permission was', () => {
    for (const code of ['42601', '42P01', '42501', '22P02', '22012', '28P01', '3D000', '57014', '23505', 'XX000']) {
      assert(asWarehouseError('warehouse', databaseError(code, 'x')) instanceof WarehouseRefusedError, code);
    }
  });

  it('keeps its words where they speak of SQL only, and leaves them out where they may quote data', () => {
    assert.match(asWarehouseError('warehouse', databaseError('42P01', 'relation "nowhere" does not exist')).message, /"warehouse" answered 42P01: relation "nowhere"/);
    for (const code of ['22P02', '22003', '23505', '2200G', 'P0001', 'XX000']) {
      const error = asWarehouseError('warehouse', databaseError(code, 'invalid input: "a-secret"'));
      assert(error.message.includes(code) && !error.message.includes('a-secret'), code);
    }
  });

  it('says that a replica will not do', () => {
    assert.match(asWarehouseError('warehouse', databaseError('25006', 'cannot execute in a read-only transaction')).message, /primary/);
  });

  it('of the connection names the source, and no password', async () => {
    const settings = { url: 'postgres://reader:a-secret@127.0.0.1:1/db', stateSchema: 's', maxRecordsPerSync: 1, statementTimeoutMs: 1_000, maxConcurrentDiffs: 1 };
    const warehouse = createPostgresWarehouse('warehouse', settings);
    await assert.rejects(warehouse.describeModel('select 1'), (error) => {
      return error instanceof WarehouseUnavailableError && error.message.includes(`"warehouse" can't be reached (ECONNREFUSED)`) && !error.message.includes('a-secret');
    });
    await warehouse.close();
  });
});

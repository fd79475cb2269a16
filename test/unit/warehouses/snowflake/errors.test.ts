import assert from 'node:assert/strict';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../../../src/errors/errors.js';
import { asWarehouseError, isMissing } from '../../../../src/warehouses/snowflake/errors.js';

const said = (code: string | undefined, message: string, sqlState?: string): Error => asWarehouseError('snow', Object.assign(new Error(message), { code, sqlState }));

describe('what Snowflake answers', () => {
  it('is told with its code, and with what helps', () => {
    const error = said('002003', "SQL compilation error:\nObject 'X' does not exist or not authorized.", '42S02');
    assert(error instanceof WarehouseRefusedError && isMissing(error));
    assert.match(error.message, /answered 002003 \(42S02\): SQL compilation error: Object 'X' does not exist.*sluice grants/);
  });

  it('never carries a value of a record', () => {
    for (const [code, message] of [['100038', "Numeric value 'a-secret' is not recognized"], ['100035', "Timestamp 'a-secret' is not recognized"], ['100999', 'a-secret']] as const) {
      assert.doesNotMatch(said(code, message).message, /a-secret/);
    }
  });

  it('can be tried again when a session was lost, a lock took too long or nobody is there', () => {
    for (const code of ['390112', '000625', '300002', '401001', undefined]) assert(said(code, 'gone') instanceof WarehouseUnavailableError, code);
    for (const code of ['001003', '003001', '000630', '100051', '390100', '390144']) assert(said(code, 'no') instanceof WarehouseRefusedError, code);
  });
});

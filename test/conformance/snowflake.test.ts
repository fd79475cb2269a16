import { needsSnowflake } from '../support/snowflake/needs.js';
import { openSnowflake } from './snowflake-harness.js';
import { warehouseLaws } from './warehouse-suite.js';

/** The emulator can't describe a table of such names; it runs on an account only (docs/snowflake.md). */
const beyondTheEmulator = 'takes columns of any name';

describe('over the wire', function () {
  this.timeout(120_000);
  needsSnowflake();
  beforeEach(function () {
    if (this.currentTest?.title === beyondTheEmulator && process.env['SNOWFLAKE_TEST_ACCOUNT'] === undefined) this.skip();
  });
  warehouseLaws('Snowflake', openSnowflake);
});

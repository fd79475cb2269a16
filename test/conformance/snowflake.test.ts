import { needsSnowflake } from '../support/snowflake/needs.js';
import { lineToSnowflake, openSnowflake } from './snowflake-harness.js';
import { warehouseLaws } from './warehouse-suite.js';

describe('over the wire', function () {
  this.timeout(120_000);
  needsSnowflake();
  warehouseLaws('Snowflake', openSnowflake, process.env['SNOWFLAKE_TEST_ACCOUNT'] === undefined ? lineToSnowflake : undefined);
});

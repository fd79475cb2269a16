import { needsSnowflake } from '../support/snowflake/needs.js';
import { openSnowflake } from './snowflake-harness.js';
import { warehouseLaws } from './warehouse-suite.js';

describe('over the wire', function () {
  this.timeout(120_000);
  needsSnowflake();
  warehouseLaws('Snowflake', openSnowflake);
});

import { openDuckdb } from './duckdb-harness.js';
import { duckdbTypeLaws } from './duckdb-types.js';
import { lineToPostgres, openPostgres } from './postgres-harness.js';
import { postgresOnceLaws } from './postgres-once.js';
import { postgresTypeLaws } from './postgres-types.js';
import { warehouseLaws } from './warehouse-suite.js';

warehouseLaws('PostgreSQL', openPostgres, lineToPostgres);
warehouseLaws('DuckDB', openDuckdb);
postgresTypeLaws(openPostgres);
postgresOnceLaws(openPostgres);
duckdbTypeLaws(openDuckdb);

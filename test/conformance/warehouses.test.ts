import { openPostgres } from './postgres-harness.js';
import { postgresTypeLaws } from './postgres-types.js';
import { warehouseLaws } from './warehouse-suite.js';

warehouseLaws('PostgreSQL', openPostgres);
postgresTypeLaws(openPostgres);

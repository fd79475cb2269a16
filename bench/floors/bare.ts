/**
 * Design E with nothing around it: PostgreSQL's own row hash, which takes 1.5 for 1.50; no look at duplicates, missing ids or sizes; no intent that would survive a crash of the
 * server; plain row_to_json lines, numbers as they come. It shows what the duties cost.
 */
import type { FloorStatements } from './settings.js';

const schema = 'floor_bare';
const checksum = 'hash_record_extended(customers, 7919)';

export const bare: FloorStatements = {
  schema,
  create: `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.records (record_id text COLLATE "C" PRIMARY KEY, checksum bigint)`,
  diffFirst: `CREATE TABLE ${schema}.intent AS SELECT id::text COLLATE "C" AS record_id, ${checksum} AS checksum FROM customers`,
  countFirst: `SELECT count(*) AS added, 0 AS updated, 0 AS deleted, 0 AS unfit FROM ${schema}.intent`,
  linesFirst: 'SELECT row_to_json(customers) FROM customers',
  settleFirst: `DROP TABLE ${schema}.records; ALTER TABLE ${schema}.intent ADD PRIMARY KEY (record_id); ALTER TABLE ${schema}.intent RENAME TO records`,

  diffNext: `
    CREATE UNLOGGED TABLE ${schema}.delta AS
    SELECT coalesce(model.model_id, known.record_id) AS record_id, known.record_id IS NOT NULL AS known, model.*
    FROM (SELECT customers, id::text COLLATE "C" AS record_id, ${checksum} AS checksum FROM customers OFFSET bigint '0') AS model(record, model_id, checksum)
    FULL JOIN ${schema}.records AS known ON known.record_id = model.model_id
    WHERE known.checksum IS DISTINCT FROM model.checksum`,
  countNext: `
    SELECT count(*) FILTER (WHERE NOT known) AS added, count(*) FILTER (WHERE known AND model_id IS NOT NULL) AS updated, count(*) FILTER (WHERE model_id IS NULL) AS deleted, 0 AS unfit
    FROM ${schema}.delta`,
  linesNext: `SELECT coalesce(row_to_json(record)::text, record_id) FROM ${schema}.delta`,
  settleNext: `
    DELETE FROM ${schema}.records AS r USING ${schema}.delta AS d WHERE d.model_id IS NULL AND r.record_id = d.record_id;
    INSERT INTO ${schema}.records SELECT record_id, checksum FROM ${schema}.delta WHERE model_id IS NOT NULL ON CONFLICT (record_id) DO UPDATE SET checksum = excluded.checksum;
    DROP TABLE ${schema}.delta`,
};

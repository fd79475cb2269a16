import { limits } from '../../domain/limits.js';
import { identifierBytes } from '../rejection-rules.js';

/** SQL that is true for a row of the delta that has to be looked at more closely. */
export const suspicious = `
  "record_id" IS NULL OR "copies" > 1 OR OCTET_LENGTH("record_id") > ${identifierBytes} OR OCTET_LENGTH("body") > ${limits.valueBytes}`;

/**
 * What can't be sent: no identifier, one that occurs more than once (none of such a group is the truth), one that is too long, too large a record or value
 * (source document, "Extract limits"). One row for each identifier, with how many of the model's rows that are, and why.
 */
export function rejectsQuery(delta: string): string {
  return `
    SELECT "g"."record_id" AS "record_id", "g"."copies" AS "records", CASE
      WHEN "g"."record_id" IS NULL THEN 'the identifier is null'
      WHEN OCTET_LENGTH("g"."record_id") > ${identifierBytes} THEN 'the identifier of ' || TO_VARCHAR(OCTET_LENGTH("g"."record_id")) || ' bytes is over the limit of ${identifierBytes}'
      WHEN "g"."copies" > 1 THEN 'the identifier occurs ' || TO_VARCHAR("g"."copies") || ' times'
      WHEN "o"."largest" IS NOT NULL THEN 'column "' || "o"."largest" || ' bytes is over the limit of ${limits.valueBytes}'
      ELSE 'the record of ' || TO_VARCHAR("g"."bytes") || ' bytes is over the limit of ${limits.recordBytes}' END AS "reason"
    FROM (
      SELECT "record_id", CAST(SUM("copies") AS NUMBER(38,0)) AS "copies", MAX(OCTET_LENGTH("body")) AS "bytes" FROM ${delta} GROUP BY "record_id") AS "g"
    LEFT JOIN (
      SELECT "d"."record_id" AS "record_id", MAX("v"."KEY" || '" of ' || TO_VARCHAR(OCTET_LENGTH(TO_JSON("v"."VALUE")))) AS "largest"
      FROM ${delta} AS "d", LATERAL FLATTEN(INPUT => PARSE_JSON(IFF(OCTET_LENGTH("d"."body") > ${limits.valueBytes}, "d"."body", NULL))) AS "v"
      WHERE OCTET_LENGTH(TO_JSON("v"."VALUE")) > ${limits.valueBytes} GROUP BY "d"."record_id") AS "o" ON "o"."record_id" = "g"."record_id"
    WHERE "g"."record_id" IS NULL OR OCTET_LENGTH("g"."record_id") > ${identifierBytes} OR "g"."copies" > 1 OR "g"."bytes" > ${limits.recordBytes} OR "o"."largest" IS NOT NULL`;
}

/** Takes the rejected out of the delta. */
export function withoutRejects(delta: string, rejects: string): string {
  return `DELETE FROM ${delta} WHERE "record_id" IS NULL OR "record_id" IN (SELECT "record_id" FROM ${rejects} WHERE "record_id" IS NOT NULL)`;
}

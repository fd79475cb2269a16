import pg from 'pg';
import type { PostgresDestinationConfig } from './config.js';
import { quoteTable } from './names.js';
import type { Target, TargetColumn } from './target.js';

/** A batch on its way into the table. Its columns are numbered, so that no name of a user's can clash with ours; c0 is the key. */
export const stage = 'pg_temp.sluice_stage';

/** The stage's columns have the target's types, so COPY itself finds a value that doesn't fit. */
export function createStage(target: Target, columns: readonly TargetColumn[]): string {
  const written = columns.map((column, index) => `, c${index + 1} ${column.type}`).join('');
  return `CREATE TEMPORARY TABLE sluice_stage (line integer, shape integer, c0 ${target.key.type}${written}) ON COMMIT DROP`;
}

export function copyIntoStage(columns: readonly TargetColumn[]): string {
  return `COPY ${stage} (line, shape, c0${columns.map((_, index) => `, c${index + 1}`).join('')}) FROM STDIN`;
}

export function deleteRows(target: Target): string {
  return `DELETE FROM ${quoteTable(target.name)} AS t USING ${stage} AS s WHERE s.shape IS NULL AND t.${pg.escapeIdentifier(target.key.name)} = s.c0`;
}

/** Writes the staged rows of one shape: `written` are its columns, `staged` all columns of the stage. */
export function writeRows(target: Target, write: PostgresDestinationConfig['write'], shape: number, written: readonly string[], staged: readonly TargetColumn[]): string {
  const table = quoteTable(target.name);
  const key = pg.escapeIdentifier(target.key.name);
  const columns = written.map((name) => ({ name: pg.escapeIdentifier(name), place: `s.c${staged.findIndex((column) => column.name === name) + 1}` }));
  if (write === 'update') {
    // A shape without columns changes nothing, and SQL has no empty SET.
    const changes = columns.length === 0 ? `${key} = t.${key}` : columns.map(({ name, place }) => `${name} = ${place}`).join(', ');
    return `UPDATE ${table} AS t SET ${changes} FROM ${stage} AS s WHERE s.shape = ${shape} AND t.${key} = s.c0`;
  }
  const changes = columns.map(({ name }) => `${name} = excluded.${name}`).join(', ');
  const whenThere = write === 'insert' || columns.length === 0 ? 'NOTHING' : `UPDATE SET ${changes}`;
  return `INSERT INTO ${table} (${[key, ...columns.map(({ name }) => name)].join(', ')})
    SELECT ${['s.c0', ...columns.map(({ place }) => place)].join(', ')} FROM ${stage} AS s WHERE s.shape = ${shape}
    ON CONFLICT (${key}) DO ${whenThere}`;
}

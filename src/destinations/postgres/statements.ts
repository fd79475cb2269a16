import { createHash } from 'node:crypto';
import pg from 'pg';
import type { PostgresDestinationConfig } from './config.js';
import { quoteTable } from './names.js';
import type { Target, TargetColumn } from './target.js';

/**
 * A batch on its way into the table. Its columns are numbered, so that no name of a user's can clash with ours; c0 is the key. They have the target's types, so COPY itself finds a value that doesn't fit.
 * A connection keeps the table, empty, for the next batch with these columns: making it anew would cost more than filling it. It is asked for by each batch all the same, because behind
 * a pooler the next transaction may be on another connection.
 */
export interface Stage {
  /** As SQL writes it; another for other columns. */
  readonly name: string;
  readonly columns: readonly TargetColumn[];
  /** Makes it where it isn't there, and begins to fill it. */
  readonly fill: string;
}

export function stageFor(target: Target, columns: readonly TargetColumn[]): Stage {
  const types = [target.key, ...columns].map(({ type }, index) => `c${index} ${type}`);
  const table = `sluice_stage_${createHash('sha256').update(types.join(', ')).digest('hex').slice(0, 16)}`;
  const fill = `SET LOCAL client_min_messages = warning;
    CREATE TEMPORARY TABLE IF NOT EXISTS ${table} (line integer, shape integer, ${types.join(', ')}) ON COMMIT DELETE ROWS;
    COPY pg_temp.${table} (line, shape, ${types.map((_, index) => `c${index}`).join(', ')}) FROM STDIN`;
  return { name: `pg_temp.${table}`, columns, fill };
}

export function deleteRows(target: Target, { name: stage }: Stage): string {
  return `DELETE FROM ${quoteTable(target.name)} AS t USING ${stage} AS s WHERE s.shape IS NULL AND t.${pg.escapeIdentifier(target.key.name)} = s.c0`;
}

/** Writes the staged rows of one shape, whose columns are `written`. */
export function writeRows(target: Target, write: PostgresDestinationConfig['write'], shape: number, written: readonly string[], { name: stage, columns: staged }: Stage): string {
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

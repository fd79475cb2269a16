import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { DestinationConfig } from '../../src/config/index.js';
import { destinationLimits } from '../configuration.js';
import { eachSlice, type Slices } from './slices.js';

const columns = ['id', 'email', 'full_name', 'company', 'address', 'country', 'plan', 'seats', 'revenue', 'active', 'created_at', 'updated_at'] as const;
const others = columns.slice(1);

/** The table that records go to, empty: as the model's, with the key alone as index. */
export async function emptyTable(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('DROP TABLE IF EXISTS delivered, sluice_progress, sluice_progress_lines; CREATE TABLE delivered (LIKE customers, PRIMARY KEY (id))');
  await client.end();
}

export function tableAt(url: string): DestinationConfig {
  return { type: 'postgres', url, table: 'delivered', key: 'id', write: 'upsert', ...destinationLimits };
}

/** By hand: each part of the file is parsed, copied into a temporary table and merged, in a transaction of its own. */
export async function copyAndMerge(url: string, lines: Slices, connections: number): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on('connect', (client) => void client.query('CREATE TEMPORARY TABLE staged (LIKE customers) ON COMMIT DELETE ROWS'));
  try {
    await eachSlice(lines, connections, async (part) => {
      const client = await pool.connect();
      await client.query('BEGIN');
      const copy = client.query(copyFrom(`COPY staged (${columns.join(', ')}) FROM STDIN`));
      copy.end(copyText(part));
      await once(copy, 'finish');
      await client.query(merge);
      await client.query('COMMIT');
      client.release();
    });
  } finally {
    await pool.end();
  }
}

const merge = `MERGE INTO delivered AS t USING staged AS s ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET ${others.map((column) => `${column} = s.${column}`).join(', ')}
  WHEN NOT MATCHED THEN INSERT (${columns.join(', ')}) VALUES (${columns.map((column) => `s.${column}`).join(', ')})`;

function copyText(part: Buffer): string {
  const rows = part.toString('utf8').trimEnd().split('\n').map((line) => {
    const { properties } = JSON.parse(line) as { readonly properties: Readonly<Record<string, string | number | boolean | null>> };
    return columns.map((column) => fieldOf(properties[column])).join('\t');
  });
  return `${rows.join('\n')}\n`;
}

function fieldOf(value: string | number | boolean | null | undefined): string {
  return value === null || value === undefined ? '\\N' : String(value).replace(/[\\\t\n\r]/g, (character) => `\\${character}`);
}

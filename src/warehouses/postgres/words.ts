import type pg from 'pg';

/** Makes words of a destination's, or of ours, fit for this database: a statement with one character that its encoding lacks is refused as a whole, and none but these two have all. */
export async function wordsFor(connection: pg.PoolClient): Promise<(words: string) => string> {
  const found = await connection.query<{ all: boolean }>(`SELECT getdatabaseencoding() IN ('UTF8', 'SQL_ASCII') AS all`);
  return found.rows[0]?.all === true ? (words) => words : (words) => words.replaceAll(/[^\p{ASCII}]/gu, '?');
}

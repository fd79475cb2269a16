import type pg from 'pg';
import type { CheckItem } from '../../contract/reports.js';
import type { PostgresDestinationConfig } from './config.js';
import { judgeFailure } from './answers.js';
import { displayName, quoteTable, type TableName } from './names.js';
import { Progress } from './progress.js';
import { describeTarget } from './target.js';
import { transact } from './transaction.js';

/** Tries what a delivery needs of the table and its schema, and undoes it. */
export async function checkTable(pool: pg.Pool, name: TableName, config: PostgresDestinationConfig, signal: AbortSignal): Promise<readonly CheckItem[]> {
  const shown = displayName(name);
  const checked = async (what: string, problemOf: (client: pg.ClientBase) => Promise<string | null>): Promise<CheckItem> => {
    const ended = await transact(pool, config.timeoutMs, signal, async (client) => {
      await client.query('SAVEPOINT untouched');
      const problem = await problemOf(client);
      await client.query('ROLLBACK TO SAVEPOINT untouched');
      return problem;
    });
    if (ended.kind === 'committed') return { what, problem: ended.value };
    const answer = judgeFailure(ended.error, false, `PostgreSQL (${shown})`, []);
    return { what, problem: 'reason' in answer ? answer.reason : null };
  };
  const table = await checked(`finds table ${shown} with the unique column "${config.key}"`, async (client) => {
    const described = await describeTarget(client, name, config.key);
    return described.kind === 'wrong' ? described.problem : null;
  });
  if (table.problem !== null) return [table];
  return [
    table,
    await checked('may write to it', (client) => missingPrivileges(client, name, config.write)),
    await checked('may make the temporary table of a batch', async (client) => {
      await client.query('CREATE TEMPORARY TABLE sluice_check () ON COMMIT DROP');
      return null;
    }),
    await checked('keeps its progress beside it', async (client) => {
      await new Progress(name).open(client, { subscriptionId: '', syncNumber: 0 });
      return null;
    }),
  ];
}

/** Deletions are asked for too, whichever sync modes subscriptions have: one table serves them all. */
const privileges = { upsert: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], insert: ['SELECT', 'INSERT', 'DELETE'], update: ['SELECT', 'UPDATE', 'DELETE'] } as const satisfies Record<PostgresDestinationConfig['write'], readonly string[]>;

async function missingPrivileges(client: pg.ClientBase, name: TableName, write: PostgresDestinationConfig['write']): Promise<string | null> {
  const found = await client.query<{ privilege: string }>('SELECT privilege FROM unnest($2::text[]) AS privilege WHERE NOT has_table_privilege($1, privilege)', [quoteTable(name), privileges[write]]);
  const missing = found.rows.map(({ privilege }) => privilege);
  return missing.length === 0 ? null : `the destination's role lacks ${missing.join(', ')}: GRANT ${missing.join(', ')} ON ${quoteTable(name)} to it`;
}

import pg from 'pg';
import { SluiceError, WarehouseRefusedError, WarehouseUnavailableError } from '../../errors/errors.js';

/**
 * Error classes (the first two characters of SQLSTATE) whose messages speak of SQL, names and permissions only.
 * Messages of all others may quote the data ("invalid input syntax for type integer: …") and are replaced by their code.
 */
const messagesWithoutData = new Set(['08', '0A', '25', '28', '3D', '3F', '42', '53', '54', '55', '57', '58']);

/** Connection lost, too many connections, server starting or stopping, deadlock or serialization: the same call can succeed later. */
const retryableClasses = new Set(['08', '40', '53', '58']);
const retryableCodes = new Set(['57P01', '57P02', '57P03', '57P05', '55P03']);

const codeWords: Readonly<Record<string, string>> = {
  '22012': 'division by zero',
  '22P02': 'a value cannot be read as the type that the query casts it to',
  '22003': 'a number is out of range',
  '22007': 'a value is no valid date or time',
  '22008': 'a date or time is out of range',
  '22021': 'a text is not valid in the database encoding',
  '21000': 'a subquery returned more than one row',
  '57014': 'the statement was cancelled or ran into its statement timeout',
};

const wrongCredentials = 'check the user and the password in its url';

/** What helps against an error that says only what happened. */
const advice: Readonly<Record<string, string>> = {
  '28P01': wrongCredentials,
  '28000': wrongCredentials,
  '25006': 'Sluice needs the primary, not a read-only replica, and a role for which default_transaction_read_only is off',
  '57014': 'it took too long or waited for a lock: raise statementTimeout of this source if that is to be expected',
};

/** The missing grant, by what PostgreSQL says that permission is denied for. A server that speaks another language leaves it at the list. */
const missingGrants: Readonly<Record<string, string>> = {
  database: 'CREATE on the database, so that it can make the state schema',
  schema: 'USAGE on the schema, and CREATE too where it is the state schema',
  table: 'SELECT on what the model reads; the tables in the state schema it has to own',
  view: 'SELECT on what the model reads',
  function: 'EXECUTE on the function',
};

/** A user's query within a statement of ours. */
export interface QuotedQuery {
  readonly query: string;
  /** How many characters of the statement stand before it. */
  readonly after: number;
}

/** Turns whatever the driver threw into an error that says what happened at this source, without values, and where in a user's query. */
export function asWarehouseError(source: string, error: unknown, quoted?: QuotedQuery): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error instanceof pg.DatabaseError) return databaseError(source, error, quoted);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = error instanceof AggregateError ? error.errors.map(String).join('; ') : error instanceof Error ? error.message : String(error);
  return new WarehouseUnavailableError(`warehouse "${source}" can't be reached (${code === '' ? words : code}): check its url and that it is running`);
}

function databaseError(source: string, error: pg.DatabaseError, quoted: QuotedQuery | undefined): SluiceError {
  const code = error.code ?? 'XX000';
  const words = messagesWithoutData.has(code.slice(0, 2)) ? (codeWords[code] ?? error.message) : (codeWords[code] ?? 'the message may hold data and is left out');
  const at = quoted === undefined || error.position === undefined ? '' : `, at ${placeIn(quoted, Number(error.position))}`;
  const help = code === '42501' ? `grant the role of this source ${missingGrant(error.message)}` : advice[code];
  const message = `warehouse "${source}" answered ${code}: ${words}${at}${help === undefined ? '' : `; ${help}`}`;
  const retryable = retryableClasses.has(code.slice(0, 2)) || retryableCodes.has(code);
  return retryable ? new WarehouseUnavailableError(message) : new WarehouseRefusedError(message);
}

/** PostgreSQL counts characters from 1. */
function placeIn({ query, after }: QuotedQuery, position: number): string {
  const before = [...query].slice(0, position - after - 1);
  if (before.length < position - after - 1) return 'the end of the query';
  const lines = before.join('').split('\n');
  return `line ${lines.length}, column ${[...(lines.at(-1) ?? '')].length + 1} of the query`;
}

function missingGrant(message: string): string {
  const object = /^permission denied for (?:materialized |foreign )?(\w+)/.exec(message)?.[1] ?? '';
  return missingGrants[object] ?? 'what is missing: SELECT on what the model reads, and CREATE on the database or a state schema of its own';
}

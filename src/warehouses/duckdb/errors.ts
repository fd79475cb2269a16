import { SluiceError, WarehouseRefusedError, WarehouseUnavailableError } from '../../errors/errors.js';

/** The same work, done anew, may well succeed: another transaction changed the same rows first, and it will see what that did; or it may have more memory now. */
export class AgainError extends WarehouseUnavailableError {}

/** A statement needs more memory than the limit allows. */
export class MemoryError extends WarehouseRefusedError {}

/** Kinds of DuckDB's errors whose messages speak of SQL and names only. Messages of all others may quote the data ("Could not convert string 'x' to INT32") and are left out. */
const kindsWithoutData = new Set(['Catalog', 'Binder', 'Parser', 'Permission', 'Not implemented', 'TransactionContext', 'Dependency']);

const kindWords: Readonly<Record<string, string>> = {
  Conversion: 'a value cannot be read as the type that the query casts it to',
  'Out of Range': 'a number or a time is out of range',
  'Out of Memory': 'the statement needs more memory than this source may take, or its temporary files more disk: set memoryLimit to more',
  Constraint: 'a value breaks a constraint',
  'Invalid Input': 'a value is not what the query can take',
  INTERRUPT: 'it took too long or was cancelled: raise statementTimeout of this source if that is to be expected',
};

/** What DuckDB says when a file cannot be opened, and what helps. The first that fits. */
const openingProblems: readonly { readonly says: RegExp; readonly retryable: boolean; readonly problem: (...found: string[]) => string }[] = [
  {
    says: /Could not set lock on file/,
    retryable: true,
    problem: (message) => {
      const holder = /\(PID (\d+)\)/.exec(message)?.[1];
      return `another process${holder === undefined ? '' : ` (${holder})`} has the file open, and only one at a time can: close it there; a worker lets go of it a few seconds after a sync`;
    },
  },
  {
    says: /version number (\d+), but we can only read versions between (\d+) and (\d+)/,
    retryable: false,
    problem: (_, found = '', from = '', to = '') =>
      `the file has storage version ${found}, and the DuckDB in this Sluice reads ${from} to ${to}; files are never upgraded here: with the DuckDB that wrote it run EXPORT DATABASE, then IMPORT DATABASE with one that both can read`,
  },
  { says: /not a valid DuckDB database file|Corrupt database file/, retryable: false, problem: () => 'the file is no DuckDB database, or it is damaged' },
  { says: /Permission denied/, retryable: false, problem: () => 'the user of this process may not read and write the file, or not write in its folder, where the write-ahead log and temporary files stand: give it both' },
  { says: /read-only/i, retryable: false, problem: () => 'the file can only be read, and Sluice keeps its state in it: make it writable' },
  { says: /No such file or directory/, retryable: false, problem: () => 'there is no such file: check `path`; Sluice makes no database of its own' },
  { says: /No space left on device/, retryable: true, problem: () => 'the disk is full' },
];

/** Turns whatever DuckDB threw into an error that says what happened at this source, without values. */
export function asWarehouseError(source: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const opening = openingError(source, message);
  if (opening !== null) return opening;
  const [, kind = '', words = ''] = /^(?:Failed to \w+[^:]*: )?([\w -]+?) Error: (.*)$/m.exec(message) ?? [];
  if (kind === 'TransactionContext' && /conflict/i.test(words)) return new AgainError(`warehouse "${source}": others write the same rows at the same moment`);
  const said = kindsWithoutData.has(kind) ? words : (kindWords[kind] ?? 'the message may hold data and is left out');
  const text = `warehouse "${source}" answered ${kind === '' ? 'with an error' : `${kind} Error`}: ${said}`;
  if (kind === 'Out of Memory') return new MemoryError(text);
  return kind === 'IO' ? new WarehouseUnavailableError(text) : new WarehouseRefusedError(text);
}

function openingError(source: string, message: string): SluiceError | null {
  for (const { says, retryable, problem } of openingProblems) {
    const found = says.exec(message);
    if (found === null) continue;
    const text = `warehouse "${source}": ${problem(message, ...found.slice(1))}`;
    return retryable ? new WarehouseUnavailableError(text) : new WarehouseRefusedError(text);
  }
  return null;
}

/** Whether another process has the file. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Could not set lock on file');
}

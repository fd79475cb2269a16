import { SluiceError, WarehouseRefusedError, WarehouseUnavailableError } from '../../errors/errors.js';

/** The part of the driver's errors that is used here; its own type leaves most of it open. */
export interface DriverError {
  readonly message: string;
  /** Six digits. From the driver itself they start with 4. */
  readonly code: string;
  readonly sqlState: string | null;
}

/** A name is missing, or hidden from this role: Snowflake doesn't tell these apart. */
class MissingObjectError extends WarehouseRefusedError {}

export const codes = { doesNotExist: '002003', alreadyExists: '002002' } as const;

/** Their messages speak of SQL, names and permissions only. Those of all others may quote the data ("Numeric value '…' is not recognized") and are replaced by their code. */
const messagesWithoutData = /^(00[1-3]\d{3}|0006\d{2}|0009\d{2}|39\d{4}|09\d{4}|4[01]\d{4})$/;

const codeWords: Readonly<Record<string, string>> = {
  '100035': 'a value cannot be read as a date or time',
  '100038': 'a value cannot be read as a number',
  '100051': 'division by zero',
  '100078': 'a text is longer than its column',
  '100090': 'a row would be changed by more than one row of a MERGE',
  '100132': 'a number is out of range',
  '000604': 'the statement was cancelled',
  '000630': 'the statement ran into its timeout',
};

const advice: Readonly<Record<string, string>> = {
  '000606': 'set an existing warehouse on this source and grant the role USAGE on it (`sluice grants`)',
  '000630': 'raise statementTimeout of this source if that is to be expected',
  '002003': 'the name is wrong, or the role of this source lacks the grant (`sluice grants` lists them)',
  '002043': 'the name is wrong, or the role of this source lacks the grant (`sluice grants` lists them)',
  '003001': 'grant the role of this source what it lacks (`sluice grants` lists it)',
  '390100': 'check username and password of this source',
  '390144': 'the key pair is not the one that this user has: set its public key with ALTER USER … SET RSA_PUBLIC_KEY',
  '390189': 'the role of this source does not exist, or is not granted to its user',
  '390201': 'database, schema or warehouse of this source does not exist, or the role may not use it',
  '394400': 'the programmatic access token is wrong or has expired',
};

/** Refused credentials, as the driver and the server name them: 390100 (password), 390144 (key), 390303 and 390318 (OAuth), 394400 (access token). */
const refusedLogin = /^(3901\d{2}|3902\d{2}|3903\d{2}|3944\d{2}|4040\d{2})$/;
/** Lost sessions (the next statement gets another one), lock waits that took too long or grew too many, incidents on Snowflake's side. */
const retryable = new Set(['390111', '390112', '390114', '000625', '000614', '000629', '300002', '300010', '300016']);

/** Turns whatever the driver gave into an error that says what happened at this source, without values. */
export function asWarehouseError(source: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code, message, sqlState } = driverError(error);
  if (code.startsWith('4') && !refusedLogin.test(code)) {
    return new WarehouseUnavailableError(`warehouse "${source}" can't be reached (${firstLine(message)}): check its account, its accessUrl and the network`);
  }
  const words = codeWords[code] ?? (messagesWithoutData.test(code) ? firstLine(message) : 'the message may hold data and is left out');
  const help = advice[code];
  const text = `warehouse "${source}" answered ${code}${sqlState === null ? '' : ` (${sqlState})`}: ${words}${help === undefined ? '' : `; ${help}`}`;
  if (retryable.has(code)) return new WarehouseUnavailableError(text);
  return code === codes.doesNotExist ? new MissingObjectError(text) : new WarehouseRefusedError(text);
}

/** Whether it is Snowflake's word that a name is missing, from the driver or in our words. */
export function isMissing(error: unknown): boolean {
  return error instanceof MissingObjectError || driverError(error).code === codes.doesNotExist;
}

export function driverError(error: unknown): DriverError {
  if (!(error instanceof Error)) return { message: String(error), code: '400000', sqlState: null };
  const { code, sqlState } = error as { code?: unknown; sqlState?: unknown };
  const digits = typeof code === 'string' || typeof code === 'number' ? String(code) : '';
  // Anything without a code of Snowflake's comes from the network or the driver.
  return { message: error.message, code: /^\d{5,6}$/.test(digits) ? digits.padStart(6, '0') : '400000', sqlState: typeof sqlState === 'string' ? sqlState : null };
}

function firstLine(message: string): string {
  return message.replace(/\s+/g, ' ').trim().slice(0, 500);
}

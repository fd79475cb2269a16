/**
 * One class per failure. Every message says what happened, where, and what to do next, and never holds a secret or a record's values,
 * because messages travel into Temporal, logs and terminals.
 */
export abstract class SluiceError extends Error {
  /** Whether the same call can succeed later without anyone changing anything. */
  abstract readonly retryable: boolean;
  /** How long to wait before the next try, in ms, where that is known. */
  readonly retryAfterMs: number | null = null;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The configuration is wrong; `problems` lists everything that is, one line each. */
export class ConfigurationError extends SluiceError {
  readonly retryable = false;
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** A subscription names a source or destination that this worker's configuration lacks. */
export class UnknownReferenceError extends SluiceError {
  readonly retryable = false;
  constructor(subscriptionId: string, kind: 'source' | 'destination', name: string) {
    super(`subscription "${subscriptionId}" names ${kind} "${name}", which this worker's configuration lacks`);
  }
}

/** Nothing answers at the warehouse, or it ended the connection. */
export class WarehouseUnavailableError extends SluiceError {
  readonly retryable = true;
}

/** The warehouse answered and said no: bad SQL, a missing permission, a timeout of its own. */
export class WarehouseRefusedError extends SluiceError {
  readonly retryable = false;
}

/** The model cannot be synced as it is: a missing identifier column, too many columns, a duplicate column name. */
export class ModelError extends SluiceError {
  readonly retryable = false;
}

/** This attempt or sync is no longer the one that may act; a newer one has taken over. */
export class FencedError extends SluiceError {
  readonly retryable = false;
}

/** Another attempt may still be sending. Wait until its lease has run out. */
export class LeaseHeldError extends SluiceError {
  readonly retryable = true;
  override readonly retryAfterMs: number;
  constructor(what: string, remainingMs: number) {
    super(`${what} is still leased to an earlier attempt for ${Math.ceil(remainingMs / 1000)} s`);
    this.retryAfterMs = remainingMs;
  }
}

/** Nothing may be sent to the destination for a while: its rate is used up, or it asked for a pause. The load goes on then, and meanwhile takes up no place. */
export class TurnAwaitedError extends SluiceError {
  readonly retryable = true;
  override readonly retryAfterMs: number;
  constructor(destination: string, why: string, waitMs: number) {
    super(`destination "${destination}": ${why}; the load goes on in ${Math.ceil(waitMs / 1000)} s`);
    this.retryAfterMs = waitMs;
  }
}

/** The delta that the sync was working on is gone (the warehouse crashed, or someone dropped it). */
export class DeltaLostError extends SluiceError {
  readonly retryable = false;
}

/** A staged chunk is missing or damaged. What it held is found again by the next diff. */
export class StagingLostError extends SluiceError {
  readonly retryable = false;
}

/** The staging store cannot be written to or read from: a full disk, a missing folder, no permission. */
export class StagingUnavailableError extends SluiceError {
  readonly retryable = true;
}

/** The destination is not the one that acknowledged what the state tables hold. */
export class DestinationChangedError extends SluiceError {
  readonly retryable = false;
}

/** The state tables belong to another workspace. */
export class WrongOwnerError extends SluiceError {
  readonly retryable = false;
}

/** A sync's counts don't add up; settling it would hide a record. */
export class OpenBooksError extends SluiceError {
  readonly retryable = false;
}

/** Temporal cannot be reached. */
export class TemporalUnavailableError extends SluiceError {
  readonly retryable = true;
}

/** A request that the subscription or the server refuses as things stand; the message says why. */
export class RefusedError extends SluiceError {
  readonly retryable = false;
}

/** Nobody is there to answer: no worker runs, or all are busy. */
export class NoWorkerError extends RefusedError {}

/** This worker is stopping; another attempt goes on where it left off. */
export class WorkerStoppingError extends SluiceError {
  readonly retryable = true;
  constructor() {
    super('the worker is stopping; another attempt goes on where this one left off');
  }
}

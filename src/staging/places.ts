import { StagingLostError } from '../errors/errors.js';
import { subscriptionIdPattern } from '../domain/limits.js';
import type { ChunkPlace, StagedSync } from './staging.js';

const attemptPattern = /^[A-Za-z0-9_-]{1,100}$/;
const syncPattern = /^([^/]+)\/(\d{1,15})$/;
/** Part of the digest in a file's name tells two outcomes of one attempt apart. */
const digestCharacters = 16;
const fileName = /^chunk-(?<chunk>\d{6,})\.[A-Za-z0-9_-]{1,100}\.[0-9a-f]{16}(?:\.(?<host>[0-9a-f]{12}))?\.events(?<sealed>\.aes)?$/;

/** `customers_to_crm/12`: what lies below it in a store is one sync's. @throws RangeError for ids that are none: they would lead out of the store, and only a defect can bring them here. */
export function syncPath({ subscriptionId, syncNumber }: StagedSync): string {
  const inRange = Number.isSafeInteger(syncNumber) && syncNumber >= 0;
  if (!subscriptionIdPattern.test(subscriptionId) || !inRange) throw new RangeError('this is not the id of a subscription with the number of a sync');
  return `${subscriptionId}/${syncNumber}`;
}

/** The sync whose path it is; null for what is not ours, and is left alone. */
export function syncAt(path: string): StagedSync | null {
  const [, subscriptionId = '', syncNumber] = syncPattern.exec(path) ?? [];
  return subscriptionIdPattern.test(subscriptionId) ? { subscriptionId, syncNumber: Number(syncNumber) } : null;
}

/** `chunk-000012`: what all files of a chunk begin with. */
export function chunkStem(chunk: number): string {
  if (!Number.isSafeInteger(chunk) || chunk < 0) throw new RangeError('this is not the number of a chunk');
  return `chunk-${String(chunk).padStart(6, '0')}`;
}

export function checkAttempt(attempt: string): string {
  if (!attemptPattern.test(attempt)) throw new RangeError('an attempt is named by 1 to 100 letters, digits, "_" and "-"');
  return attempt;
}

/** What a finished chunk file is. */
export interface ChunkFile {
  readonly chunk: number;
  readonly attempt: string;
  readonly sha256: string;
  /** The host that alone has it; null when every worker can read it. */
  readonly host: string | null;
  readonly sealed: boolean;
}

export function nameOfFile({ chunk, attempt, sha256, host, sealed }: ChunkFile): string {
  return `${chunkStem(chunk)}.${attempt}.${sha256.slice(0, digestCharacters)}${host === null ? '' : `.${host}`}.events${sealed ? '.aes' : ''}`;
}

/** @throws StagingLostError when `name` is no file of this chunk. The name was kept by the warehouse, so a foreign one means a foreign store. */
export function checkFileName(place: ChunkPlace, name: string): { readonly host: string | null; readonly sealed: boolean } {
  const parts = fileName.exec(name)?.groups;
  if (parts?.['chunk'] === undefined || Number(parts['chunk']) !== place.chunk) throw new StagingLostError(`${nameOf(place)} was not staged by this kind of store`);
  return { host: parts['host'] ?? null, sealed: parts['sealed'] !== undefined };
}

/** Null when the file is for every worker, or is none. */
export function hostOfFile(name: string): string | null {
  return fileName.exec(name)?.groups?.['host'] ?? null;
}

/** For messages; ids are no record's values. */
export function nameOf(place: ChunkPlace): string {
  return `chunk ${place.chunk} of sync ${place.syncNumber} of "${place.subscriptionId}"`;
}

import { join } from 'node:path';
import { StagingLostError } from '../errors/errors.js';
import { subscriptionIdPattern } from '../domain/limits.js';
import type { ChunkPlace } from './staging.js';

const attemptPattern = /^[A-Za-z0-9_-]{1,100}$/;
const syncFolderPattern = /^\d{1,15}$/;
/** Part of the digest in a file's name tells two outcomes of one attempt apart. */
const digestCharacters = 16;

/** A sync's folder. @throws RangeError for ids that are none: they would lead out of the store, and only a defect can bring them here. */
export function syncFolder(root: string, subscriptionId: string, syncNumber: number): string {
  const inRange = Number.isSafeInteger(syncNumber) && syncNumber >= 0;
  if (!subscriptionIdPattern.test(subscriptionId) || !inRange) throw new RangeError('this is not the id of a subscription with the number of a sync');
  return join(root, subscriptionId, String(syncNumber));
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

export function chunkFileName(chunk: number, attempt: string, sha256: string): string {
  return `${chunkStem(chunk)}.${attempt}.${sha256.slice(0, digestCharacters)}.jsonl`;
}

/** @throws StagingLostError when `name` is no file of this chunk. The name was kept by the warehouse, so a foreign one means a foreign store. */
export function chunkFilePath(root: string, place: ChunkPlace, name: string): string {
  const [stem, attempt = '', digest = '', ending, ...more] = name.split('.');
  const ours = stem === chunkStem(place.chunk) && attemptPattern.test(attempt) && /^[0-9a-f]{16}$/.test(digest) && ending === 'jsonl' && more.length === 0;
  if (!ours) throw new StagingLostError(`chunk ${place.chunk} of sync ${place.syncNumber} of "${place.subscriptionId}" was not staged by this kind of store`);
  return join(syncFolder(root, place.subscriptionId, place.syncNumber), name);
}

export function outcomeLogPath(root: string, place: ChunkPlace): string {
  return join(syncFolder(root, place.subscriptionId, place.syncNumber), `${chunkStem(place.chunk)}.outcomes.jsonl`);
}

/** Whether folders found in the store are ours; others are left alone. */
export function isSyncFolder(subscription: string, sync: string): boolean {
  return subscriptionIdPattern.test(subscription) && syncFolderPattern.test(sync);
}

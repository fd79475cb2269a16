import { StagingLostError, StagingUnavailableError } from '../errors/errors.js';

/** What helps against each error of the file system. */
const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space or set staging.path to another disk',
  EDQUOT: 'the disk quota is used up; free some space or set staging.path to another disk',
  EFBIG: 'a file would be larger than this process may write; raise the limit (ulimit -f)',
  EACCES: 'permission is missing; let the worker read and write there',
  EPERM: 'permission is missing; let the worker read and write there',
  EROFS: 'the file system is read-only; mount it for writing or set staging.path to another folder',
  ENOTDIR: 'part of the path is a file; set staging.path to a folder',
  EMFILE: 'too many files are open; raise the limit of open files (ulimit -n)',
};

/**
 * Runs a step on the store's files and says in our words what went wrong with it.
 * A missing file is lost, also when the whole folder is: waiting for it would hold a sync up, and what it held is found again.
 */
export async function onFiles<T>(root: string, what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw translate(root, what, error);
  }
}

/** The same for a step that is done at once. */
export function atOnceOnFiles<T>(root: string, what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw translate(root, what, error);
  }
}

function translate(root: string, what: string, error: unknown): Error {
  const code = codeOf(error);
  // Node and our own code throw nothing but errors.
  if (code === null) return error as Error;
  if (code === 'ENOENT') {
    return new StagingLostError(`${what} is gone from the staging folder ${root}; the next sync finds its records again`, { cause: error });
  }
  const help = advice[code] ?? 'the file system refused';
  return new StagingUnavailableError(`staging folder ${root}: ${help} (${code}, at ${what})`, { cause: error });
}

/** The file system's code for an error (ENOENT and the like); null for any other error. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** What was found of a file, or `otherwise` where there is none: others may sweep or settle at the same time. */
export async function unlessGone<T>(found: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return otherwise;
    throw error;
  }
}

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { DeliveryAnswer } from '../destination.js';
import { NoAnswerError } from '../within.js';
import { checkFolder } from './check.js';
import type { FileDestinationConfig } from './config.js';
import { writePiece } from './pieces.js';
import { foldersOf, isPublished, publishSync } from './publish.js';
import type { FileTarget } from './target.js';

const compress = promisify(gzip);

/** File sets in a folder, which appear by being renamed. */
export function createFolderTarget(config: FileDestinationConfig): FileTarget {
  const { path } = config;
  return {
    path,
    published: async (set) => {
      const folders = foldersOf(path, set);
      return (await isPublished(folders)) ? folders.published : null;
    },
    keep: async (set, place, rows) => writePiece(foldersOf(path, set).work, place, config.gzip ? await compress(rows) : rows),
    publish: (set) => publishSync(foldersOf(path, set), config, set),
    check: () => checkFolder(path),
    judge: (error) => judge(error, path),
    problemOf: (error) => `${codeOf(error)}: make room, or let the worker write there`,
    close: () => Promise.resolve(),
  };
}

/** What no retry mends: someone must change a permission or the configuration. */
const lasting = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

function judge(error: unknown, path: string): DeliveryAnswer {
  if (error instanceof NoAnswerError) return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: `writing to ${path} took too long` };
  const code = codeOf(error);
  if (lasting.has(code)) return { kind: 'unauthorized', reason: `${path} cannot be written to (${code}): correct the destination's path, or let the worker write there` };
  return { kind: 'unavailable', sent: false, retryAfterMs: null, reason: `${path} cannot be written to (${code})` };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

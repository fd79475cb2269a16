import { RefusedError } from '../errors/errors.js';
import type { StagedChunk } from './warehouse.js';

/**
 * The chunks that a sync to be replayed had staged. `row` is what `syncs_` says of it, if it has settled.
 *
 * @throws RefusedError when there is nothing to replay
 */
export function replayableChunks(syncId: string, row: { readonly staged: readonly StagedChunk[] | null } | undefined): readonly StagedChunk[] {
  if (row === undefined) throw new RefusedError(`sync ${syncId} can't be replayed: there is no such sync that has ended (\`sluice history\` lists them)`);
  if (row.staged === null || row.staged.length === 0) throw new RefusedError(`sync ${syncId} can't be replayed: it staged no records`);
  return row.staged;
}

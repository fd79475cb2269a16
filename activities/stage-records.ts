import { Context } from '@temporalio/activity';
import { several } from '../src/domain/several.js';
import { pageOf } from '../src/staging/pages.js';
import type { ChunkWriter } from '../src/staging/staging.js';
import type { StagedChunk } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { cancellation, withHeartbeat } from './step.js';
import type { StagedRecords, StageInput, StepInput } from './types.js';

interface OpenChunk {
  readonly writer: ChunkWriter;
  records: number;
}

interface FinishedChunk {
  readonly chunk: StagedChunk;
  readonly writer: ChunkWriter;
}

/** Steps 3 and 4: cuts the intent down to what the quota granted, then streams the records to send into the staging store, chunk by chunk, and registers the files. */
export async function stageRecords(dependencies: ActivityDependencies, input: StageInput): Promise<StagedRecords> {
  const { sync, subscription } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const { batchSize } = dependencies.destinationOf(subscription).limits;
  const attempt = String(Context.current().info.attempt);
  const open = new Map<number, OpenChunk>();
  return withHeartbeat(async (report) => {
    if ((await warehouse.takeGrant(sync, input.grant.records, input.grant.ledger)) === 'void') return { kind: 'void' };
    let staged = 0;
    let files: readonly FinishedChunk[];
    try {
      for await (const block of warehouse.readDelta({ sync, subscription, batchSize }, cancellation())) {
        const chunk = open.get(block.chunk) ?? (await openChunk(dependencies, input, block.chunk, attempt));
        open.set(block.chunk, chunk);
        await chunk.writer.write(pageOf(block));
        chunk.records += block.ends.length;
        staged += block.ends.length;
        report({ processed: staged });
      }
      files = await several(open, finishedAtOnce, finish);
    } catch (error) {
      // The next attempt needs the room. What can't be removed now is swept later; the reason is what has to be seen.
      await Promise.allSettled([...open.values()].map(({ writer }) => writer.abort()));
      throw error;
    }
    // From the question on, the warehouse may count on the files, whether its answer comes or not.
    const registered = await warehouse.registerChunks(sync, files.map(({ chunk }) => chunk));
    const taken = new Set(registered.map(({ file }) => file));
    // Another attempt was first. Its files have names of their own, so only what nobody will read goes.
    await Promise.allSettled(files.filter(({ chunk }) => !taken.has(chunk.file)).map(({ writer }) => writer.abort()));
    const [host = null] = registered.map(({ file }) => dependencies.staging.hostOf(file));
    const stagedAt = host === null ? {} : { host: { id: host, waitMs: dependencies.stagingHostWaitMs } };
    return { kind: 'staged', chunks: registered.map((file) => file.chunk), ...stagedAt };
  });
}

/** Each waits for the disk or the store, which serves several together in less time. */
const finishedAtOnce = 4;

async function finish([chunk, { writer, records }]: readonly [number, OpenChunk]): Promise<FinishedChunk> {
  const { name, sha256 } = await writer.finish();
  return { chunk: { chunk, records, file: name, sha256 }, writer };
}

async function openChunk(dependencies: ActivityDependencies, input: StepInput, chunk: number, attempt: string): Promise<OpenChunk> {
  const place = { subscriptionId: input.sync.subscriptionId, syncNumber: input.sync.number, chunk };
  return { writer: await dependencies.staging.createChunk(place, attempt), records: 0 };
}

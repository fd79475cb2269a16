import { Context } from '@temporalio/activity';
import type { ChunkWriter } from '../src/staging/staging.js';
import type { StagedChunk } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { cancellation, withHeartbeat } from './step.js';
import type { StepInput } from './types.js';

interface OpenChunk {
  readonly writer: ChunkWriter;
  records: number;
}

/** Step 4: streams the records to send into the staging store, chunk by chunk, and registers the files. */
export async function stageRecords(dependencies: ActivityDependencies, input: StepInput): Promise<readonly number[]> {
  const { sync, subscription } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const attempt = String(Context.current().info.attempt);
  const open = new Map<number, OpenChunk>();
  return withHeartbeat(async (report) => {
    let staged = 0;
    try {
      for await (const block of warehouse.readDelta({ sync, subscription }, cancellation())) {
        const chunk = open.get(block.chunk) ?? (await openChunk(dependencies, input, block.chunk, attempt));
        open.set(block.chunk, chunk);
        await chunk.writer.write(block.lines);
        chunk.records += block.records;
        staged += block.records;
        report({ processed: staged });
      }
      const files: StagedChunk[] = [];
      for (const [chunk, { writer, records }] of open) {
        const file = await writer.finish();
        files.push({ chunk, records, file: file.name, sha256: file.sha256 });
      }
      const registered = await warehouse.registerChunks(sync, files);
      return registered.map((file) => file.chunk);
    } catch (error) {
      for (const { writer } of open.values()) await writer.abort();
      throw error;
    }
  });
}

async function openChunk(dependencies: ActivityDependencies, input: StepInput, chunk: number, attempt: string): Promise<OpenChunk> {
  const place = { subscriptionId: input.sync.subscriptionId, syncNumber: input.sync.number, chunk };
  return { writer: await dependencies.staging.createChunk(place, attempt), records: 0 };
}

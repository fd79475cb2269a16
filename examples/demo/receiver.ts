import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { openJournal, type Journal } from './journal.js';

/**
 * What the receiver takes: events as a webhook destination gets them without a mapping.
 * It is strict, so that the demo shows the promise kept: a deleted record has every column, and null in each.
 */
const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal(['new', 'updated']), __segment_id: z.string(), properties: z.record(z.string(), z.unknown()) }),
  z.object({ event: z.literal('deleted'), __segment_id: z.string(), properties: z.record(z.string(), z.null()) }),
]);
const batchSchema = z.array(eventSchema);
type ReceivedEvent = z.infer<typeof eventSchema>;

const maxBodyBytes = 64 * 1024 * 1024;

/** Events since the start. One that changes nothing here, as the second delivery of a batch whose answer was lost, is `repeated` and nothing else. */
export interface ReceiverCounts {
  readonly new: number;
  readonly updated: number;
  readonly deleted: number;
  readonly repeated: number;
}

export interface Receiver {
  readonly url: string;
  /** The records as they are now: id to the JSON of their properties, columns in the order in which they came. */
  state(): ReadonlyMap<string, string>;
  counts(): ReceiverCounts;
  /** Answers what is under way, then stops. */
  close(): Promise<void>;
}

export interface ReceiverOptions {
  /** A free one if left out. */
  readonly port?: number;
  /** Loopback if left out: nothing here asks who is calling. Inside a container, where only the published port is reached, it has to be another. */
  readonly host?: string;
  /** Keeps the state between starts: each batch is in the file before it is acknowledged, so that a killed receiver forgets nothing it took. */
  readonly file?: string;
}

/** A small customer relationship tool, as far as its API goes. POST takes a batch; GET tells how many records there are and what came. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const host = options.host ?? '127.0.0.1';
  const records = new Map<string, string>();
  const counts = { new: 0, updated: 0, deleted: 0, repeated: 0 };
  const journal = options.file === undefined ? null : await openJournal(options.file, records);

  const server = createServer((request, response) => {
    handle(request, records, counts, journal)
      .catch((): Answer => ({ status: 500, body: { error: 'the batch could not be kept; send it again' } }))
      .then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/`,
    state: () => records,
    counts: () => ({ ...counts }),
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
      });
      await journal?.close();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type MutableCounts = { -readonly [key in keyof ReceiverCounts]: number };

async function handle(request: IncomingMessage, records: Map<string, string>, counts: MutableCounts, journal: Journal | null): Promise<Answer> {
  if (request.method === 'GET') return { status: 200, body: { records: records.size, events: counts } };
  if (request.method !== 'POST') return { status: 405, body: { error: 'POST a batch, or GET the counts' } };
  const body = await readBody(request);
  if (body === null) return { status: 413, body: { error: `a batch may have ${maxBodyBytes} bytes` } };
  const events = parseBatch(body);
  if (typeof events === 'string') return { status: 400, body: { error: events } };

  const changes = events.map((event) => [event.__segment_id, event.event === 'deleted' ? null : JSON.stringify(event.properties)] as const);
  await journal?.append(changes);
  for (const [index, [id, properties]] of changes.entries()) {
    const changed = properties === null ? records.delete(id) : records.get(id) !== properties;
    if (properties !== null && changed) records.set(id, properties);
    counts[changed ? (events[index]?.event ?? 'repeated') : 'repeated'] += 1;
  }
  return { status: 200, body: { taken: events.length } };
}

/** The events of a batch, or what is wrong with it: where and what was expected, never a value. */
function parseBatch(body: Buffer): ReceivedEvent[] | string {
  try {
    const parsed = batchSchema.safeParse(JSON.parse(body.toString('utf8')));
    if (parsed.success) return parsed.data;
    return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch {
    return 'the body is not JSON';
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const blocks: Buffer[] = [];
  let bytes = 0;
  for await (const block of request as AsyncIterable<Buffer>) {
    bytes += block.length;
    if (bytes <= maxBodyBytes) blocks.push(block);
  }
  return bytes <= maxBodyBytes ? Buffer.concat(blocks) : null;
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { signatureHeader, signatureOf, timestampHeader } from '../../src/destinations/webhook/signature.js';
import type { Json } from '../../src/domain/subscription.js';

/** What a record looks like on arrival; mapped records may lack any of these. */
export interface ReceivedRecord {
  readonly event?: string;
  readonly messageId?: string;
  readonly __segment_id?: string;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly [key: string]: unknown;
}

/** What to do with a request instead of taking it. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** Waits, then takes it as usual. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Breaks the connection: before the request was read, after that, or after its records were taken. */
  | { readonly kind: 'break'; readonly when: 'before_reading' | 'after_reading' | 'after_taking' }
  /** Reads it and never answers. */
  | { readonly kind: 'silence' }
  /** Takes it and answers with this. */
  | { readonly kind: 'take'; readonly status: number; readonly body: string };

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly records: number;
  /** When it had been read, on a monotonic clock. */
  readonly atMs: number;
  /** Null when the connection was broken or nothing was answered. */
  readonly status: number | null;
}

export interface ReceiverOptions {
  /** 0 picks a free port. */
  readonly port?: number;
  /** Answers 401 to requests without this `authorization` header. */
  readonly authorization?: string;
  /** Answers 401 to requests whose signature is wrong. */
  readonly signingSecret?: string;
}

/** A destination over real HTTP, which remembers what it was sent: the truth that tests and the demo compare with the table. */
export class Receiver {
  /** The last event of each record that is there, by `__segment_id`: what applying all events in order comes to. */
  readonly state = new Map<string, ReceivedRecord>();
  readonly requests: ReceivedRequest[] = [];
  /** Records taken, by event. Repetitions are counted apart and change nothing. */
  readonly taken = { new: 0, updated: 0, deleted: 0, other: 0, repeated: 0 };
  /** Connections that were ever opened. */
  connections = 0;
  readonly #messageIds = new Set<string>();
  readonly #script: Behaviour[] = [];
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  /** Refuses records one by one, with results for each. */
  refuseRecord: (record: ReceivedRecord) => string | null = () => null;
  /** Refuses whole batches with 400 when one of their records is bad. */
  isBad: (record: ReceivedRecord) => boolean = () => false;
  /** Never answers a batch, nor takes it, when it hangs over one of its records. */
  hangsOver: (record: ReceivedRecord) => boolean = () => false;
  /** Answers 500 to whole batches, and takes nothing of them, when it breaks down over one of their records. */
  breaksDownOver: (record: ReceivedRecord) => boolean = () => false;

  private constructor(private readonly options: ReceiverOptions) {
    this.#server.on('connection', () => (this.connections += 1));
  }

  static async start(options: ReceiverOptions = {}): Promise<Receiver> {
    const receiver = new Receiver(options);
    await new Promise<void>((resolve, reject) => {
      receiver.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/records`;
  }

  /** The next `times` requests meet this, after those scripted earlier. */
  next(behaviour: Behaviour, times = 1): void {
    for (let i = 0; i < times; i++) this.#script.push(behaviour);
  }

  /** From here on requests are taken as usual again. */
  endScript(): void {
    this.#script.length = 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const behaviour = this.#script.shift();
    if (behaviour?.kind === 'break' && behaviour.when === 'before_reading') {
      this.#break(request, []);
      return;
    }
    const body = await readBody(request).catch(() => null);
    if (body === null) return;
    if (behaviour?.kind === 'delay') await sleep(behaviour.ms, undefined, { ref: false });
    const records = JSON.parse(body.toString('utf8')) as ReceivedRecord[];
    if (records.some((record) => this.hangsOver(record))) {
      this.#log(request, records, null);
      return;
    }
    const reply = this.#isAuthorized(request, body) ? this.#react(request, records, behaviour) : { status: 401, body: '{"error":"who are you?"}' };
    if (reply === null) return;
    this.#log(request, records, reply.status);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body);
  }

  /** Null when nothing is to be answered. */
  #react(request: IncomingMessage, records: readonly ReceivedRecord[], behaviour: Behaviour | undefined): Reply | null {
    switch (behaviour?.kind) {
      case 'silence':
        this.#log(request, records, null);
        return null;
      case 'answer':
        return behaviour;
      case 'break':
        if (behaviour.when === 'after_taking') this.#takeAll(records);
        this.#break(request, records);
        return null;
      case 'take':
        this.#takeAll(records);
        return behaviour;
      default:
        return this.#judge(records);
    }
  }

  #judge(records: readonly ReceivedRecord[]): Reply {
    if (records.some((record) => this.breaksDownOver(record))) return { status: 500, body: '{"error":"something went wrong"}' };
    if (records.some((record) => this.isBad(record))) return { status: 400, body: '{"error":"a record of this batch is bad"}' };
    const results = records.map((record) => ({ messageId: record.messageId, error: this.refuseRecord(record) }));
    this.#takeAll(records.filter((_, index) => results[index]?.error === null));
    if (results.every((result) => result.error === null)) return { status: 200, body: '{"ok":true}' };
    const listed = results.map(({ messageId, error }) => (error === null ? { messageId, status: 200 } : { messageId, status: 422, error }));
    return { status: 200, body: JSON.stringify({ results: listed }) };
  }

  #takeAll(records: readonly ReceivedRecord[]): void {
    for (const record of records) this.#take(record);
  }

  #take(record: ReceivedRecord): void {
    if (record.messageId !== undefined) {
      if (this.#messageIds.has(record.messageId)) {
        this.taken.repeated += 1;
        return;
      }
      this.#messageIds.add(record.messageId);
    }
    const event = record.event;
    this.taken[event === 'new' || event === 'updated' || event === 'deleted' ? event : 'other'] += 1;
    if (record.__segment_id === undefined) return;
    if (event === 'deleted') this.state.delete(record.__segment_id);
    else this.state.set(record.__segment_id, record);
  }

  #isAuthorized(request: IncomingMessage, body: Buffer): boolean {
    const { authorization, signingSecret } = this.options;
    if (authorization !== undefined && request.headers.authorization !== authorization) return false;
    if (signingSecret === undefined) return true;
    return request.headers[signatureHeader] === signatureOf(signingSecret, String(request.headers[timestampHeader]), body);
  }

  #break(request: IncomingMessage, records: readonly ReceivedRecord[]): void {
    this.#log(request, records, null);
    request.socket.destroy();
  }

  #log(request: IncomingMessage, records: readonly ReceivedRecord[], status: number | null): void {
    this.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, records: records.length, atMs: performance.now(), status });
  }
}

interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

import type { Socket } from 'node:net';
import { Client, Pool, type buildConnector, type Dispatcher } from 'undici';

/** How one request ended. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: AnswerHeaders; readonly body: string; readonly complete: boolean }
  /** `started`: the connection stood and the request was being written, so the destination may have acted on it. */
  | { readonly kind: 'broken'; readonly started: boolean; readonly error: Error }
  | { readonly kind: 'timeout'; readonly started: boolean };

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Bytes of an answer that are kept. The rest is read and dropped, so that the connection can be used again. */
const keptBytes = 1024 * 1024;

/** Kept-alive connections, for `exchange`. */
export function connectionsTo(origin: string, options: Pool.Options): Pool {
  return new Pool(origin, { ...options, factory: (to, given) => new Connection(to, given as ConnectionOptions) });
}

/**
 * Sends one request and reads its answer, both within `timeoutMs`. Once it has settled, nothing reads the request's body any more.
 * undici's `dispatch` rather than `request`, because it alone tells when a request starts to be written.
 *
 * @throws the signal's reason when it aborts
 */
export function exchange(pool: Pool, request: Dispatcher.DispatchOptions, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
  return new Promise<Exchange>((resolve, reject) => {
    signal.throwIfAborted();
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      settle();
      handler.drop();
    };
    const handler = new ExchangeHandler((ended) => finish(() => resolve(ended)));
    const timer = setTimeout(() => finish(() => resolve({ kind: 'timeout', started: handler.started })), timeoutMs);
    const abort = () => finish(() => reject(signal.reason as Error));
    signal.addEventListener('abort', abort, { once: true });
    const traced: ExchangeOptions = { ...request, exchange: handler };
    pool.dispatch(traced, handler);
  });
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #end: (exchange: Exchange) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #connection: Connection | null = null;
  #finished = false;
  #dropped = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #kept: Buffer[] = [];
  #bytes = 0;

  constructor(end: (exchange: Exchange) => void) {
    this.#end = end;
  }

  get started(): boolean {
    return this.#controller !== null;
  }

  leavesBy(connection: Connection): void {
    this.#connection = connection;
  }

  /** Breaks off a request that nobody waits for any more, even one that only gets its connection later, or one that was answered before all of it was sent. */
  drop(): void {
    this.#dropped = true;
    if (this.#finished) this.#connection?.breakOffUnsent();
    else this.#controller?.abort(new Error('nobody waits for this request any more'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#dropped) this.drop();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, data: Buffer): void {
    if (this.#bytes < keptBytes) this.#kept.push(data.subarray(0, keptBytes - this.#bytes));
    this.#bytes += data.length;
  }

  onResponseEnd(): void {
    this.#finished = true;
    const body = Buffer.concat(this.#kept).toString('utf8');
    this.#end({ kind: 'answer', status: this.#status, headers: this.#headers, body, complete: this.#bytes <= keptBytes });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finished = true;
    this.#end({ kind: 'broken', started: this.started, error });
  }
}

/** What the pool hands on to the connection that it chooses; of the handler it makes one of an older kind. */
type ExchangeOptions = Dispatcher.DispatchOptions & { readonly exchange?: ExchangeHandler };
type ConnectionOptions = Client.Options & { readonly connect: buildConnector.connector };

/** A connection that takes one request at a time, and knows whether it still has some of it to send. undici knows that of streams alone, and would go on sending while the next request waits. */
class Connection extends Client {
  readonly #opened: { socket: Socket | null };

  constructor(origin: URL, { connect, ...options }: ConnectionOptions) {
    const opened: { socket: Socket | null } = { socket: null };
    super(origin, {
      ...options,
      connect: (to, done) => connect(to, (...result) => {
        if (result[0] === null) [, opened.socket] = result;
        done(...result);
      }),
    });
    this.#opened = opened;
  }

  override dispatch(request: ExchangeOptions, handler: Dispatcher.DispatchHandler): boolean {
    request.exchange?.leavesBy(this);
    return super.dispatch(request, handler);
  }

  breakOffUnsent(): void {
    const { socket } = this.#opened;
    if (socket !== null && socket.writableLength > 0) socket.destroy();
  }
}

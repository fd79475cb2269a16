import type { Dispatcher } from 'undici';

/** How one request ended. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: AnswerHeaders; readonly body: string; readonly complete: boolean }
  /** `started`: the connection stood and the request was being written, so the destination may have acted on it. */
  | { readonly kind: 'broken'; readonly started: boolean; readonly error: Error }
  | { readonly kind: 'timeout'; readonly started: boolean };

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Bytes of an answer that are kept. The rest is read and dropped, so that the connection can be used again. */
const keptBytes = 1024 * 1024;

/**
 * Sends one request and reads its answer, both within `timeoutMs`.
 * undici's `dispatch` rather than `request`, because it alone tells when a request starts to be written.
 *
 * @throws the signal's reason when it aborts
 */
export function exchange(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
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
    dispatcher.dispatch(request, handler);
  });
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #end: (exchange: Exchange) => void;
  #controller: Dispatcher.DispatchController | null = null;
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

  /** Breaks off a request that nobody waits for any more, even one that only gets its connection later. */
  drop(): void {
    this.#dropped = true;
    if (!this.#finished) this.#controller?.abort(new Error('nobody waits for this request any more'));
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

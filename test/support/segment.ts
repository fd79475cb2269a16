import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SegmentDestinationConfig } from '../../src/destinations/segment/config.js';
import type { Json } from '../../src/domain/subscription.js';

export interface SaasRequest {
  readonly method: string;
  /** The host that the destination meant. */
  readonly host: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Json;
}

/** `break`: the connection, instead of an answer. */
export type SaasAnswer = 'silence' | 'break' | { readonly status: number; readonly body?: Json; readonly headers?: Record<string, string> };

/**
 * Stands in for the hosts that Segment's destinations talk to: while it is open, this process's https requests arrive here, over real HTTP on loopback.
 * Only tests redirect; the package's own code and HTTP client run unchanged.
 */
export class Saas {
  readonly requests: SaasRequest[] = [];
  answer: (request: SaasRequest) => SaasAnswer = () => ({ status: 200, body: {} });
  /** Requests whose sender went away before an answer. */
  abandoned = 0;
  readonly #original = https.request;
  readonly #server = http.createServer((request, response) => void this.#receive(request, response));

  static async start(): Promise<Saas> {
    const saas = new Saas();
    await new Promise<void>((resolve) => saas.#server.listen(0, '127.0.0.1', resolve));
    const { port } = saas.#server.address() as AddressInfo;
    https.request = ((options: http.RequestOptions) => {
      const { method, path, headers } = options;
      return http.request({ host: '127.0.0.1', port, method, path, headers: { ...(headers as http.OutgoingHttpHeaders), host: options.hostname ?? '' } });
    }) as typeof https.request;
    return saas;
  }

  async close(): Promise<void> {
    https.request = this.#original;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const received = { method, host: headers.host ?? '', path: url, authorization: headers.authorization, body: bodyOf(Buffer.concat(chunks).toString('utf8')) };
    this.requests.push(received);
    response.once('close', () => (this.abandoned += response.writableFinished ? 0 : 1));
    const answer = this.answer(received);
    if (answer === 'break') request.socket.destroy();
    else if (answer !== 'silence') response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body ?? {}));
  }
}

function bodyOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The configuration of one action with short times, for tests. */
export function segmentConfig(slug: string, action: string, changes: Partial<SegmentDestinationConfig> = {}): SegmentDestinationConfig {
  const limits = { batchSize: 500, batchBytes: 4_000_000, concurrency: 4, rateLimit: null, timeoutMs: 5_000, giveUpAfterMs: 10_000 };
  return { type: 'segment', slug, action, syncMode: null, settings: {}, hook: null, ...limits, ...changes };
}

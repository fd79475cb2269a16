import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Mishap = 'fail' | 'lose_answer' | 'silence';

/** The API that the example of a custom destination is written for. */
export class ContactsServer {
  readonly contacts = new Map<string, unknown>();
  readonly refused = new Set<string>();
  token = 'token-1';
  #mishap: Mishap | null = null;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<ContactsServer> {
    const server = new ContactsServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  next(mishap: Mishap): void {
    this.#mishap = mishap;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const mishap = this.#mishap;
    this.#mishap = null;
    if (mishap === 'silence') return;
    const status = mishap === 'fail' ? 503 : this.#take(request, body);
    if (mishap === 'lose_answer') request.socket.destroy();
    else response.writeHead(status).end(status === 422 ? 'no such plan' : '');
  }

  #take(request: IncomingMessage, body: string): number {
    const id = decodeURIComponent((request.url ?? '').replace('/contacts/', ''));
    if (request.headers.authorization !== `Bearer ${this.token}`) return 401;
    if (request.method === 'GET') return 200;
    if (this.refused.has(id)) return 422;
    if (request.method === 'DELETE') return this.contacts.delete(id) ? 204 : 404;
    this.contacts.set(id, JSON.parse(body));
    return 200;
  }
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What happens to the next transaction that copies rows: it gets through to no one, or commits and its answer is lost, or is never heard of again. */
export type Mishap = 'refuse' | 'lose_answer' | 'silence';

/** Stands between a client and a PostgreSQL server, and breaks connections as told. */
export class PostgresProxy {
  #mishap: Mishap | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The server's url, by way of the proxy. */
    readonly url: string,
  ) {}

  static async start(target: string): Promise<PostgresProxy> {
    const url = new URL(target);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const through = new URL(target);
    through.hostname = '127.0.0.1';
    through.port = String((server.address() as AddressInfo).port);
    const proxy = new PostgresProxy(server, through.href);
    server.on('connection', (client) => proxy.#join(client, connect(Number(url.port), url.hostname)));
    return proxy;
  }

  next(mishap: Mishap): void {
    this.#mishap = mishap;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    let copying: Mishap | null = null;
    let committing: Mishap | null = null;
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (this.#mishap !== null && bytes.includes('COPY pg_temp')) {
        copying = this.#mishap;
        this.#mishap = null;
      }
      if (copying === 'refuse') return end();
      if (bytes.includes('COMMIT\0')) committing = copying;
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      if (committing === 'lose_answer') return end();
      if (committing === null) client.write(bytes);
    });
  }
}

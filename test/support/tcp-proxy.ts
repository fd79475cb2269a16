import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** `asked`: before the message reaches the server. `answered`: after the server took it, with its answer on the way. */
export type CutMoment = 'asked' | 'answered';

/** Stands between a client and a server, so that a test can cut the line between them, at any message. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((near) => this.#join(near));
  #planned: { messagesLeft: number; readonly moment: CutMoment } | null = null;
  #bytesLeft = Infinity;
  /** Messages that clients have sent so far: roughly, statements. */
  messages = 0;

  private constructor(private readonly target: string) {}

  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every connection; new ones are taken as before. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts once, at the `message`-th message from now (1 is the next), whichever connection it comes by. */
  cutAt(message: number, moment: CutMoment): void {
    this.#planned = { messagesLeft: message, moment };
  }

  /** Cuts once, when this many bytes of answers have passed. */
  cutAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  /** Forgets a planned cut; returns whether there was one still to come. */
  disarm(): boolean {
    const armed = this.#planned !== null || this.#bytesLeft < Infinity;
    this.#planned = null;
    this.#bytesLeft = Infinity;
    return armed;
  }

  /** Ends every connection and refuses new ones until the returned function is called. */
  async refuse(): Promise<() => Promise<void>> {
    const { port } = this.#server.address() as AddressInfo;
    await this.close();
    return async () => {
      await once(this.#server.listen(port, '127.0.0.1'), 'listening');
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #join(near: Socket): void {
    const [host = '', port = ''] = this.target.split(':');
    const far = connect(Number(port), host);
    // Before the pipes, so that what arrives at a cut is not passed on.
    near.on('data', () => this.#noteMessage(far));
    far.on('data', (bytes: Buffer) => this.#noteAnswer(bytes.length));
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  #noteMessage(far: Socket): void {
    this.messages += 1;
    const planned = this.#planned;
    if (planned === null) return;
    planned.messagesLeft -= 1;
    if (planned.messagesLeft > 0) return;
    this.#planned = null;
    if (planned.moment === 'asked') this.cut();
    else far.prependOnceListener('data', () => this.cut());
  }

  #noteAnswer(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft > 0) return;
    this.#bytesLeft = Infinity;
    this.cut();
  }
}

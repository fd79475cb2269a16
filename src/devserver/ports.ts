import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { RefusedError } from '../errors/errors.js';

export const loopback = '127.0.0.1';

/**
 * The port that was asked for, or else the preferred one, or else any free one. (The package get-port reserves for half a minute what
 * it has handed out, so a server couldn't start again on its port.)
 * @throws RefusedError when the port that was asked for can't be had
 */
export async function choosePort(options: { purpose: string; asked: number | undefined; preferred?: number }): Promise<number> {
  const { purpose, asked, preferred = 0 } = options;
  const port = await freePort(asked ?? preferred);
  if (port !== null) return port;
  if (asked !== undefined) {
    throw new RefusedError(
      `port ${asked} on ${loopback}, asked for as the port of ${purpose}, is taken by another program or needs more rights; ` +
        'stop that program, choose another port, or leave the port out to get a free one',
    );
  }
  return await choosePort({ purpose, asked: 0 });
}

/** The port if it can be listened on (any free one for 0), or else null. */
async function freePort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, loopback);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return null;
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}

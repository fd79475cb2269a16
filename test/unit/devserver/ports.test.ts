import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

import { choosePort } from '../../../src/devserver/ports.js';
import { RefusedError } from '../../../src/errors/errors.js';

describe('choosing a port', () => {
  let occupant: Server;
  let occupied: number;

  beforeEach(async () => {
    occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    occupied = (occupant.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((closed) => occupant.close(closed)));

  it('refuses a port that was asked for and is taken, naming it, its purpose and what to do', async () => {
    await assert.rejects(choosePort({ purpose: 'the Web UI', asked: occupied }), (error) => {
      assert.ok(error instanceof RefusedError);
      assert.match(error.message, new RegExp(`port ${occupied} on 127\\.0\\.0\\.1.*the Web UI.*taken.*another port`));
      return true;
    });
  });

  it('takes another one when a port that was only preferred is taken', async () => {
    const port = await choosePort({ purpose: 'Temporal', asked: undefined, preferred: occupied });
    assert.notEqual(port, occupied);
    assert.ok(port > 0);
  });

  it('gives the port that was asked for, twice in a row as well', async () => {
    const free = await choosePort({ purpose: 'Temporal', asked: undefined });
    assert.equal(await choosePort({ purpose: 'Temporal', asked: free }), free);
    assert.equal(await choosePort({ purpose: 'Temporal', asked: free }), free);
  });
});

import assert from 'node:assert/strict';

import { startGuarded } from '../../../src/devserver/guarded-process.js';

describe('a guarded process', () => {
  it('tells its exit code and its last output', async () => {
    const process = startGuarded({ command: '/bin/sh', args: ['-c', 'echo told; exit 3'], abandonedSignal: 'SIGKILL' });
    assert.equal(await process.exited, 3);
    assert.equal(process.isRunning(), false);
    assert.equal(process.lastOutput(), 'told');
  });

  it('ends by SIGINT when it is stopped, and stopping it again does nothing', async () => {
    const process = startGuarded({ command: 'sleep', args: ['600'], abandonedSignal: 'SIGKILL' });
    assert.equal(process.isRunning(), true);
    await process.stop();
    await process.stop();
    assert.equal(await process.exited, 'SIGINT');
  });

  it('that can\'t be started says so in its output', async () => {
    const process = startGuarded({ command: '/nowhere/at/all', args: [], abandonedSignal: 'SIGKILL' });
    assert.notEqual(await process.exited, 0);
    assert.match(process.lastOutput(), /\/nowhere\/at\/all/);
  });
});

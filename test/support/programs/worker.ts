/** A worker in a process of its own, for tests that stop or kill it. Says `ready` once it polls. Usage: worker.ts CONFIGURATION.json ADDRESS NAMESPACE */
import { readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Configuration } from '../../../src/config/index.js';
import { startWorker } from '../../../src/worker/worker.js';

const [file = '', address = '', namespace = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const configuration = JSON.parse(await readFile(file, 'utf8')) as Configuration;
const worker = await startWorker({ configuration, env: process.env, address, namespace });
process.once('SIGTERM', () => void worker.stop());
process.once('disconnect', () => process.exit(1)); // the test that started this is gone
process.send?.('ready');
await worker.finished;
process.exit(); // the channel would keep it alive

import { stopSharedPostgres } from './postgres.js';
import { removeSluiceProgram } from './program.js';
import { stopSharedS3 } from './s3.js';
import { stopSharedEmulator } from './snowflake/server.js';
import { stopSharedTemporal } from './temporal.js';

const leakTimeoutMs = 10_000;

/** Mocha calls this once, after everything. */
export async function mochaGlobalTeardown(): Promise<void> {
  await Promise.all([stopSharedPostgres(), stopSharedS3(), stopSharedEmulator(), stopSharedTemporal(), removeSluiceProgram()]);
  // The timer doesn't keep the process alive: if it fires, something that a test left open does.
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    console.error(`the tests are done, but something that they left open keeps the process alive: ${open}`);
    process.once('exit', () => (process.exitCode = 1)); // after mocha's own listener, which sets its code
    process.exit();
  }, leakTimeoutMs).unref();
}

/**
 * Runs the tests: all but the nightly ones, or the files that are named. Other arguments go to mocha as they are. The last line is
 * `N passed, N failed` (`, N skipped`), and the exit code is 0 only if something ran and nothing failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Counts } from './counting-reporter.js';

const args = process.argv.slice(2);
const namesFiles = args.some((arg) => arg.endsWith('.ts') || existsSync(arg));
const everything = ['test/**/*.test.ts', '--ignore', 'test/**/*.nightly.test.ts'];
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

const child = spawn(
  process.execPath,
  [mocha, '--reporter', 'scripts/counting-reporter.ts', ...args, ...(namesFiles ? [] : everything)],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
child.on('message', (message) => (counts = message as Counts));
// At SIGINT alone mocha would wait for the test that is running. What the tests started ends with mocha.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGTERM'));
const [code] = (await once(child, 'close')) as [number | null];

// A file that doesn't load, a hook after the tests, or a handle left open fails the run without a failed test.
const failed = Math.max(counts.failed, code === 0 ? 0 : 1);
process.exitCode = failed === 0 && counts.passed > 0 ? 0 : 1;
console.log(`${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);

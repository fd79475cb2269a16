/**
 * Runs the tests: all but the nightly ones, or the files that are named. Other arguments go to mocha as they are. The last line is
 * `N passed, N failed` (`, N skipped`), and the exit code is 0 only if something ran and nothing failed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { Counts } from './counting-reporter.js';

const args = process.argv.slice(2);
const namesFiles = args.some((arg) => arg.endsWith('.ts') || existsSync(arg));
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

/** Those of Snowflake wait for its emulator most of the time: beside the others, in a process of their own, they take six minutes less. */
const lanes = namesFiles ? [[]] : [
  ['test/**/*.test.ts', '--ignore', 'test/**/*.nightly.test.ts', '--ignore', 'test/**/snowflake*.test.ts'],
  ['test/**/snowflake*.test.ts'],
];
const children = lanes.map((files, lane) => start(files, lane === 0 ? 'inherit' : 'pipe'));
// At SIGINT alone mocha would wait for the test that is running. What the tests started ends with mocha.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => children.forEach((child) => child.kill('SIGTERM')));
const ended = await Promise.all(children.map(endOf));
for (const { output } of ended) process.stdout.write(output);

const sum = (of: keyof Counts): number => ended.reduce((total, counts) => total + counts[of], 0);
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
console.log(`${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`);

function start(files: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, [mocha, '--reporter', 'scripts/counting-reporter.ts', ...args, ...files], { stdio: ['inherit', output, output, 'ipc'] });
}

interface End extends Counts {
  /** What was not shown at once. */
  readonly output: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  child.on('message', (message) => (counts = message as Counts));
  const [output, errors, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  // A file that doesn't load, a hook after the tests, or a handle left open fails the run without a failed test.
  return { ...counts, failed: Math.max(counts.failed, code === 0 ? 0 : 1), output: output + errors };
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

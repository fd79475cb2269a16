/**
 * Runs the tests: all, or the files that are named. Other arguments go to mocha as they are. What failed comes once more at the end, so
 * that it is found in a long log, and what passed only when it was tried again (`--retries 1`). The last line is `N passed, N failed`
 * (`, N skipped`), and the exit code is 0 only if something ran and nothing failed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { Outcome } from './counting-reporter.js';

const args = process.argv.slice(2);
const namesFiles = args.some((arg) => arg.endsWith('.ts') || existsSync(arg));
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

/** Those of the warehouses wait most of the time, for Snowflake's emulator above all: in a process of their own, beside the others and for as long, they take ten minutes less. */
const ofWarehouses = ['test/**/snowflake*.test.ts', 'test/**/warehouses.test.ts', 'test/property/diff.test.ts'];
const lanes = namesFiles ? [[]] : [['test/**/*.test.ts', ...ofWarehouses.flatMap((files) => ['--ignore', files])], ofWarehouses];
const children = lanes.map((files, lane) => start(files, lane === 0 ? 'inherit' : 'pipe'));
// At SIGINT alone mocha would wait for the test that is running. What the tests started ends with mocha.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => children.forEach((child) => child.kill('SIGTERM')));
const ended = await Promise.all(children.map(endOf));
for (const { output } of ended) process.stdout.write(output);

for (const failure of ended.flatMap(({ retried }) => retried)) console.log(`FAILED AND TRIED AGAIN: ${failure}\n`);
for (const failure of ended.flatMap(({ failures }) => failures)) console.log(`FAILED: ${failure}\n`);

const sum = (of: 'passed' | 'failed' | 'skipped'): number => ended.reduce((total, outcome) => total + outcome[of], 0);
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
console.log(`${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`);

function start(files: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, [mocha, '--reporter', 'scripts/counting-reporter.ts', ...args, ...files], { stdio: ['inherit', output, output, 'ipc'] });
}

interface End extends Outcome {
  /** What was not shown at once. */
  readonly output: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  let outcome: Outcome = { passed: 0, failed: 0, skipped: 0, failures: [], retried: [] };
  child.on('message', (message) => (outcome = message as Outcome));
  const [output, errors, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  // A file that doesn't load, a hook after the tests, or a handle left open fails the run without a failed test.
  return { ...outcome, failed: Math.max(outcome.failed, code === 0 ? 0 : 1), output: output + errors };
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=131072 node --max-semi-space-size=2 --heap-growing-percent=100
// The first line is what `sluice` is started with, and takes 50 MB off a worker. JavaScript's youngest objects get 2 MB in place of 16. All threads share one heap of the C library,
// in place of one for each that keeps what it had, and buffers of 64 KB and more go back to the system at once.
// The other objects may double before they are collected: V8 counts buffers with them, and would go through all of them again for every few MB of requests that were sent.
import { failureOf } from './failure.js';
import { createProgram } from './program.js';

// `sluice history … | head` ends before everything is printed.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await createProgram().parseAsync();
} catch (error) {
  const { exitCode, message } = failureOf(error, process.env);
  if (message !== null) console.error(message);
  process.exitCode = exitCode;
}

// What still holds the process is a driver's: Snowflake's goes on for hours with what was given up on. Whatever was printed is out first.
setTimeout(() => process.stdout.write('', () => process.exit()), 1_000).unref();

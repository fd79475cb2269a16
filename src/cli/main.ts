#!/usr/bin/env node
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

/**
 * `npm run bench`: compiles Sluice together with `bench/`, and runs `bench/main.ts` with these arguments. What is measured is what users run: TypeScript that is run as it is
 * has a wrapper around each function that is made.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** As the command `sluice` has them. */
const flags = ['--max-semi-space-size=2', '--heap-growing-percent=100'];
const compiled = resolve('.sluice/compiled');
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync(compiled, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.bench.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
cpSync('bench/extract/customers.sql', resolve(compiled, 'bench/extract/customers.sql'));

const bench = spawn(process.execPath, [...flags, resolve(compiled, 'bench/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => bench.kill(signal));
const [code] = (await once(bench, 'exit')) as [number | null];
process.exitCode = code ?? 1;

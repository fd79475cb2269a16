import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** The package's version. Its package.json is two folders up from the source, and three up when built. */
export function version(): string {
  const candidates = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url));
  const file = candidates.find((candidate) => existsSync(candidate));
  return file === undefined ? 'unknown' : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions.default({}), peerDependencies: versions.default({}) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

/** The packages in the first column of a section's table. */
function documented(section: string): string[] {
  const text = readFileSync('docs/dependencies.md', 'utf8').split(/^## /m).find((part) => part.startsWith(section));
  assert.ok(text !== undefined, `docs/dependencies.md has a section "${section}"`);
  const firstColumn = [...text.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = '']) => cell).join();
  return [...firstColumn.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).sort();
}

describe('docs/dependencies.md', () => {
  it('says of every dependency what it is for, and of nothing else', () => {
    const atRunTime = [manifest.dependencies, manifest.optionalDependencies].flatMap(Object.keys);
    assert.deepEqual(documented('At run time'), atRunTime.sort());
    assert.deepEqual(documented('Optional'), Object.keys(manifest.peerDependencies).sort());
    const optional = Object.keys(manifest.peerDependencies);
    assert.deepEqual(documented('For development'), Object.keys(manifest.devDependencies).filter((name) => !optional.includes(name)).sort());
  });

  it('is true when it says that every version is exact', () => {
    for (const version of [...Object.values(manifest.dependencies), ...Object.values(manifest.devDependencies)]) assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
  });
});

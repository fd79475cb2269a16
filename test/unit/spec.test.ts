import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const spec = readFileSync(new URL('../../docs/spec.md', import.meta.url), 'utf8');

describe('docs/spec.md', () => {
  const references = [...spec.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].map(([, file = '', name = '']) => ({ file, name }));

  it('names tests for the invariants', () => {
    assert.ok(references.length > 20);
  });

  for (const { file, name } of references) {
    it(`names a test that exists: ${name}`, () => {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(name), `${file} has no test named so`);
    });
  }
});

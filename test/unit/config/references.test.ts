import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resolveReferences } from '../../../src/config/index.js';
import { ConfigurationError } from '../../../src/errors/errors.js';

describe('references', () => {
  it('are replaced in strings at any depth, and nowhere else', () => {
    const value = { '${A}': ['${A}-${B}', { deep: 'x${A}' }], number: 1, nothing: null, yes: true };
    assert.deepEqual(resolveReferences(value, { A: '1', B: '' }), { '${A}': ['1-', { deep: 'x1' }], number: 1, nothing: null, yes: true });
  });

  it('leave what they were resolved from as it was', () => {
    const value = { url: '${A}' };
    resolveReferences(value, { A: '1' });
    assert.deepEqual(value, { url: '${A}' });
  });

  it('are not looked for in what a variable holds', () => {
    assert.equal(resolveReferences('${A}', { A: '${B}$& $1 $${' }), '${B}$& $1 $${');
  });

  it('are literal after an escape', () => {
    assert.equal(resolveReferences('$${A} $$${A} pa$$word ${A}', { A: '1' }), '${A} $${A} pa$$word 1');
  });

  it('give back any text in which every "${" was escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('$', '{', '}', 'A', '${', ' ')).map((parts) => parts.join('')), (text) => {
        assert.equal(resolveReferences(text.split('${').join('$${'), {}), text);
      }),
    );
  });

  it('name every variable that is not set, and no value of one that is', () => {
    assert.throws(
      () => resolveReferences({ a: '${SET}${MISSING}', b: ['${OTHER}'] }, { SET: 'hunter2' }),
      (error) => {
        assert.ok(error instanceof ConfigurationError);
        assert.match(error.message, /MISSING is not set.*\n.*OTHER is not set/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
});

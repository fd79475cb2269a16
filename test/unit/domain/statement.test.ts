import assert from 'node:assert/strict';
import fc from 'fast-check';
import { scanStatement, type SqlDialect } from '../../../src/domain/statement.js';

const both = ['postgres', 'snowflake'] as const;

function assertOne(sql: string, dialect: SqlDialect, text = sql): void {
  assert.deepEqual(scanStatement(sql, dialect), { kind: 'one', text }, `${dialect}: ${sql}`);
}

function assertSeveral(sql: string, dialect: SqlDialect): void {
  assert.equal(scanStatement(sql, dialect).kind, 'several', `${dialect}: ${sql}`);
}

/** Pieces in which a semicolon ends nothing. */
const hiding: Record<SqlDialect, readonly string[]> = {
  postgres: [
    `';'`,
    `'it''s;'`,
    `'\\'`,
    `E'it\\'s;'`,
    `e'\\\\'`,
    `E'a'\n  'b\\';'`,
    `U&'a;b'`,
    `";"`,
    `"a"";"`,
    `$$;$$`,
    `$x$;$$;$y$;$x$`,
    `$é$;$é$`,
    `$$it's "fine;$$`,
    `/* ; */`,
    `/* a /* b; */ ; */`,
    `/* it's; */`,
    `-- it's; "fine\n`,
    `a$b$`,
    `$1`,
    `a /b* c`,
  ],
  snowflake: [`';'`, `'it''s;'`, `'it\\'s;'`, `'\\\\'`, `";"`, `"a"";"`, `$$;$$`, `$$it's;$$`, `/* ; */`, `/* a /* b; */`, `-- it's;\n`, `// it's;\n`, `a$b$`, `$1`],
};

describe('the statement of a query', () => {
  for (const dialect of both) {
    it(`is not ended by a semicolon that ${dialect} reads as part of something else`, () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...hiding[dialect]), { maxLength: 6 }), (pieces) => {
          const sql = `select ${pieces.join(' , ')} x`;
          assertOne(sql, dialect);
          assertOne(`${sql};`, dialect, sql);
          assertSeveral(`${sql}; select 2`, dialect);
          assertSeveral(`select 1; ${sql}`, dialect);
        }),
      );
    });

    it(`may be followed only by blanks, comments and further semicolons in ${dialect}`, () => {
      for (const end of [';', ' ; ', ';;', ';\n-- done; really\n', '; /* done; */ ;']) assertOne(`select 1${end}`, dialect, 'select 1');
    });

    it(`is missing where ${dialect} finds only blanks and comments`, () => {
      for (const sql of ['', ' \n\t', ';', ' ;; ', '-- select 1', '/* select 1 */;']) {
        assert.deepEqual(scanStatement(sql, dialect), { kind: 'none' }, sql);
      }
    });

    it(`is read by ${dialect} in time that grows with its length`, () => {
      const started = performance.now();
      for (const unit of [`'`, `''`, `$$`, `$a$`, `/*`, `"`, 'a', '\\', '-', `E'\\`]) scanStatement(unit.repeat(64_000 / unit.length), dialect);
      assert.ok(performance.now() - started < 2000);
    });
  }

  it('keeps the comments inside it', () => {
    assertOne('-- what\nselect 1 -- why', 'postgres');
  });

  it('differs between dialects as they do', () => {
    assertSeveral(`select 'a\\'; select 2`, 'postgres');
    assertOne(`select 'a\\'; select 2'`, 'snowflake');
    assertSeveral(`select /* /* */; select 2 /* */`, 'snowflake');
    assertOne(`select /* /* */; select 2 */ 1`, 'postgres');
    assertOne(`select 1 // ; select 2`, 'snowflake');
    assertSeveral(`select 1 // ; select 2`, 'postgres');
    assertSeveral(`select nameE'\\'; select 2`, 'postgres');
  });

  it('names the line on which a second one starts', () => {
    assert.deepEqual(scanStatement('select 1;\n-- and\r\n select 2', 'postgres'), { kind: 'several', secondLine: 3 });
  });

  it('says what never ends, and where it starts', () => {
    const cases = [
      [`select\n'a''`, 'string', 2],
      ['select $a$ $b$', 'string', 1],
      [`select E'\\'`, 'string', 1],
      ['select "a', 'quoted name', 1],
      ['select 1\n\n/* /* */', 'comment', 3],
    ] as const;
    for (const [sql, what, line] of cases) assert.deepEqual(scanStatement(sql, 'postgres'), { kind: 'unterminated', what, line }, sql);
    assert.deepEqual(scanStatement('select /* ', 'snowflake'), { kind: 'unterminated', what: 'comment', line: 1 });
  });
});

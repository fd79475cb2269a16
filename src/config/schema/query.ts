import { z } from 'zod';
import { limits } from '../../domain/limits.js';
import { scanStatement, type SqlDialect, type StatementScan } from '../../domain/statement.js';
import { atMostCharacters } from './fields.js';

/** A model's query: one statement, whose final `;` is taken off. Its length is that of the text as written. */
export function query(dialect: SqlDialect) {
  return atMostCharacters(limits.queryCharacters, 'the query').transform((sql, ctx) => {
    const scan = scanStatement(sql, dialect);
    if (scan.kind === 'one') return scan.text;
    ctx.addIssue(statementProblem(scan));
    return z.NEVER;
  });
}

export const identifierColumn = columnName(limits.identifierCharacters);
export const timestampColumn = columnName(limits.timestampCharacters);

function columnName(limit: number) {
  return atMostCharacters(limit, 'the column name').min(1);
}

function statementProblem(scan: Exclude<StatementScan, { kind: 'one' }>): string {
  switch (scan.kind) {
    case 'none':
      return 'the query is empty, expected one SQL statement';
    case 'several':
      return `a second statement starts in line ${scan.secondLine} of the query, expected only one`;
    case 'unterminated':
      return `the ${scan.what} that starts in line ${scan.line} of the query never ends`;
  }
}

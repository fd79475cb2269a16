import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Model } from '../../domain/subscription.js';
import type { SqlDialect } from '../../domain/statement.js';
import { fromFolder, type SchemaContext } from './context.js';
import { alsoWhenOthersAreWrong, duration, exactlyOneOf, reference, text } from './fields.js';
import { identifierColumn, query, timestampColumn } from './query.js';

const defaults = { lookbackMs: 3_600_000, fullDiffEveryMs: 86_400_000 };

/** A model has its query in the file or, as `queryFile`, in a file of its own. */
export function modelSchema(context: SchemaContext, modelName: string, dialect: SqlDialect): z.ZodType<Model> {
  return z
    .strictObject({
      source: reference('source', context.sources),
      query: query(dialect).optional(),
      queryFile: text.transform((file, ctx) => readQuery(fromFolder(context, file), ctx)).pipe(query(dialect)).optional(),
      identifier: identifierColumn,
      timestamp: timestampColumn.optional(),
      lookback: duration('0s', '3650d').optional(),
      fullDiffEvery: duration('1ms', '3650d').optional(),
    })
    .superRefine(exactlyOneOf(['query', 'queryFile']), alsoWhenOthersAreWrong)
    .superRefine((model, ctx) => {
      if (model.timestamp !== undefined) return;
      for (const key of ['lookback', 'fullDiffEvery'] as const) {
        if (model[key] === undefined) continue;
        ctx.addIssue({ code: 'custom', path: [key], message: 'needs a timestamp column, expected the key timestamp beside it' });
      }
    }, alsoWhenOthersAreWrong)
    .transform(
      ({ source, query, queryFile, identifier, timestamp, lookback, fullDiffEvery }): Model => ({
        name: modelName,
        source,
        query: query ?? queryFile ?? '',
        identifier,
        timestamp:
          timestamp === undefined
            ? null
            : { column: timestamp, lookbackMs: lookback ?? defaults.lookbackMs, fullDiffEveryMs: fullDiffEvery ?? defaults.fullDiffEveryMs },
      }),
    );
}

async function readQuery(file: string, ctx: z.RefinementCtx): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'the file cannot be read';
    ctx.addIssue(`${reason}, expected a path relative to the configuration file`);
    return z.NEVER;
  }
}

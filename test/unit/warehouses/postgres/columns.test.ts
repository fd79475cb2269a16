import assert from 'node:assert/strict';
import { ModelError } from '../../../../src/errors/errors.js';
import type { Model } from '../../../../src/domain/subscription.js';
import { checkColumns } from '../../../../src/warehouses/model-checks.js';
import { checksumExpression } from '../../../../src/warehouses/postgres/columns.js';
import type { ModelColumn } from '../../../../src/warehouses/warehouse.js';

const model: Model = { name: 'people', source: 'warehouse', query: 'select 1 as id', identifier: 'id', timestamp: null };
const column = (name: string, type = 'text'): ModelColumn => ({ name, type });
const refuses = (columns: readonly ModelColumn[], message: RegExp, changes: Partial<Model> = {}): void => {
  assert.throws(() => checkColumns({ ...model, ...changes }, columns), (error) => error instanceof ModelError && message.test(error.message));
};

describe('a model’s columns', () => {
  it('are at most 512', () => {
    const columns = [column('id'), ...Array.from({ length: 511 }, (_, index) => column(`x${index}`))];
    checkColumns(model, columns);
    refuses([...columns, column('one too many')], /"people".*513 columns.*512/);
  });

  it('have names of at most 128 characters, counted as people count them', () => {
    checkColumns(model, [column('id'), column('x'.repeat(128)), column('😀'.repeat(128))]);
    refuses([column('id'), column('x'.repeat(129))], /x{40}….*128 characters/);
  });

  it('have names of their own, which may differ in case alone', () => {
    checkColumns(model, [column('id'), column('ID'), column('Id')]);
    refuses([column('id'), column('name'), column('name')], /two columns are named "name"/);
  });

  it('include the identifier and the timestamp', () => {
    refuses([column('ID')], /identifier column "id".*ID/);
    const timestamp = { column: 'updated_at', lookbackMs: 0, fullDiffEveryMs: 0 };
    refuses([column('id')], /timestamp column "updated_at"/, { timestamp });
    for (const type of ['text', 'daterange', 'bigint', 'time without time zone']) refuses([column('id'), column('updated_at', type)], /has to be a timestamp or a date/, { timestamp });
    for (const type of ['date', 'timestamp without time zone', 'timestamp(3) with time zone']) checkColumns({ ...model, timestamp }, [column('id'), column('updated_at', type)]);
  });
});

describe('a checksum', () => {
  const [id, name] = [column('id', 'bigint'), column('name', 'character varying(10)')];

  it('depends on the columns’ names, types and order, but not on a type’s length', () => {
    const others = [[id, column('label', 'character varying(10)')], [id, column('name', 'text')], [name, id], [id]];
    assert.equal(new Set([[id, name], ...others].map(checksumExpression)).size, 5);
    assert.equal(checksumExpression([id, column('name', 'character varying(20)')]), checksumExpression([id, name]));
  });

  it('is computed as it always was: a change here sends every record of every subscription again', () => {
    assert.equal(checksumExpression([id, name]), `hash_record_extended(ROW(int8send(c1), c2 COLLATE "C"), '3669941021794166633'::bigint)`);
    const forms: readonly (readonly [type: string, form: string])[] = [
      ...['boolean', 'smallint', 'integer', 'date', 'uuid', 'bytea'].map((type) => [type, '@'] as const),
      ...['text', 'character varying(10)'].map((type) => [type, '@ COLLATE "C"'] as const),
      ...[['bigint', 'int8send(@)'], ['real', 'float4send(@)'], ['double precision', 'float8send(@)'], ['numeric(12,2)', 'numeric_send(@)']] as const,
      ...[['timestamp(3) without time zone', 'timestamp_send(@)'], ['timestamp with time zone', 'timestamptz_send(@)'], ['time without time zone', 'time_send(@)'], ['time with time zone', 'timetz_send(@)']] as const,
      ...[['interval', 'interval_send(@)'], ['character(3)', 'bpcharsend(@)'], ['bpchar', 'bpcharsend(@)']] as const,
      ...['interval day to second', 'numeric[]', 'text[]', 'json', 'jsonb', 'xml', 'money', 'inet', 'public.citext', 'public.price'].map((type) => [type, '@::text COLLATE "C"'] as const),
    ];
    const row = forms.map(([, form], index) => form.replace('@', `c${index + 1}`)).join(', ');
    assert.equal(checksumExpression(forms.map(([type], index) => column(`x${index}`, type))), `hash_record_extended(ROW(${row}), '3650378041489348984'::bigint)`);
  });
});

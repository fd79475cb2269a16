import assert from 'node:assert/strict';
import { asWritten, literal, quote, tableNames } from '../../../../src/warehouses/snowflake/names.js';

describe('names in Snowflake', () => {
  it('of people mean upper case unless they are quoted or could not stand unquoted', () => {
    const names = ['analytics', 'Analytics_2', '"analytics"', 'my-db'].map(asWritten);
    assert.deepEqual(names, ['"ANALYTICS"', '"ANALYTICS_2"', '"analytics"', '"my-db"']);
  });

  it('of ours stay as they are', () => {
    assert.equal(tableNames({ database: 'analytics', stateSchema: '__segment_reverse_etl' }, 'a').records, '"ANALYTICS"."__segment_reverse_etl"."records_a"');
    assert.equal(quote('say "hi"'), '"say ""hi"""');
  });

  it('stand beside texts in which backslashes are doubled, because strings know escapes', () => {
    assert.equal(literal(`it's a \\n`), `'it''s a \\\\n'`);
  });

  it('of work tables belong to one subscription and one sync, however alike ids begin', () => {
    const of = (id: string) => tableNames({ database: 'd', stateSchema: 's' }, id);
    assert.equal(of('a').syncOfWork('d_a_12_1_0123abcd'), 12);
    assert.equal(of('a').syncOfWork('d_a_1_12_1_0123abcd'), null);
    assert.equal(of('a_1').syncOfWork('d_a_1_12_1_0123abcd'), 12);
    for (const other of ['records_a', 'd_a', 'd_a_12_1', 'D_a_12_1_0123abcd']) assert.equal(of('a').syncOfWork(other), null, other);
  });
});

import type { TypeCase } from './type-cases.js';

/** What the types below need. */
export const typeSetup = `
  create extension if not exists citext;
  create extension if not exists hstore;
  create extension if not exists ltree;
  create type mood as enum ('sad', 'ok', 'Happy day');
  create type pair as (a integer, b text, c numeric);
  create domain big as bigint;
  create domain price as numeric(12, 3);
  create domain label as text;
  create domain labels as text[];
  create domain pairs as pair`;

const alike = (type: string, ...texts: readonly string[]): TypeCase => ({ type, samples: texts.map((text) => [text, text]) });
const shown = (type: string, ...samples: readonly (readonly [string, unknown])[]): TypeCase => ({ type, samples });
const only = (type: string, ...texts: readonly string[]): TypeCase => ({ type, samples: texts.map((text) => [text]) });

const texts = ['', ' ', 'a', 'A', 'a ', 'NULL', 'é', 'e\u0301', '😀', '"', "'", '\\', '\n', '\r\n', '\t', '\u0001\u0002\u007f', '\u2028', '{"a":1}'];
const wholeNumbers = [['0', 0], ['1', 1], ['-1', -1]] as const;
const bigNumbers = [...wholeNumbers, ['4294967296', 4294967296], ['4294967297', 4294967297], ['9007199254740991', 9007199254740991], ['9007199254740992', '9007199254740992'], ['-9223372036854775808', '-9223372036854775808']] as const;

export const typeCases: readonly TypeCase[] = [
  shown('boolean', ['true', true], ['false', false]),
  shown('smallint', ...wholeNumbers, ['32767', 32767]),
  shown('integer', ...wholeNumbers, ['65536', 65536], ['2147483647', 2147483647]),
  shown('bigint', ...bigNumbers),
  shown('numeric', ...wholeNumbers, ['0.00', 0], ['1.5', 1.5], ['1.50', 1.5], ['0.1', 0.1], ['NaN', 'NaN'], ['Infinity', 'Infinity'], ['-Infinity', '-Infinity'], ['9007199254740991', 9007199254740991], ['9007199254740993', '9007199254740993'],
    ['100000000000000000000', '100000000000000000000'], ['123456789.12345678', 123456789.12345678], ['0.1234567890123456789', '0.1234567890123456789'], [`0.${'0'.repeat(399)}1`, `0.${'0'.repeat(399)}1`], [`1${'0'.repeat(400)}`, `1${'0'.repeat(400)}`]),
  shown('numeric(12,2)', ['0.00', 0], ['1234567890.12', 1234567890.12], ['NaN', 'NaN']),
  shown('real', ['0', 0], ['-0', -0], ['0.1', 0.1], ['1.5', 1.5], ['16777216', 16777216], ['NaN', 'NaN'], ['Infinity', 'Infinity']),
  shown('double precision', ['0', 0], ['-0', -0], ['0.1', 0.1], ['0.3', 0.3], ['0.30000000000000004', 0.30000000000000004], ['1e308', 1e308], ['5e-324', 5e-324], ['NaN', 'NaN'], ['-Infinity', '-Infinity']),
  alike('text', ...texts),
  alike('character varying(20)', ...texts),
  shown('character(3)', ['a', 'a  '], ['A', 'A  '], ['ab', 'ab '], ['', '   ']),
  alike('name', 'a', 'A', 'a b', ''),
  alike('"char"', 'a', 'A', ''),
  alike('bytea', '\\x', '\\x00', '\\x0001', '\\x5c', '\\xff0a'),
  shown('json', ['{"a":1}', { a: 1 }], ['{"a": 1}', { a: 1 }], ['{"a":1,"a":1}', { a: 1 }], ['{"a":\n1,\r\n"b":[]}', { a: 1, b: [] }], ['null', null], ['1', 1], ['1.0', 1], ['"\\u0000"', '\0'], ['""', '']),
  shown('jsonb', ['{"a": [9007199254740993, 1.5]}', { a: ['9007199254740993', 1.5] }], ['{"a": 1}', { a: 1 }], ['{"a": 1.0}', { a: 1 }], ['[]', []], ['{}', {}], ['null', null], ['"a\\nb"', 'a\nb'], ['""', '']),
  shown('integer[]', ['{}', []], ['{1,2}', [1, 2]], ['{2,1}', [2, 1]], ['{1,NULL,2}', [1, null, 2]], ['{{1,2},{3,4}}', [[1, 2], [3, 4]]], ['{1,2,3,4}', [1, 2, 3, 4]], ['[0:1]={1,2}', [1, 2]]),
  shown('text[]', ['{}', []], ['{a,b}', ['a', 'b']], ['{"a,b"}', ['a,b']], ['{NULL}', [null]], ['{"NULL"}', ['NULL']], ['{""}', ['']], ['{"\\"","\\\\"}', ['"', '\\']], ['{"a\nb"}', ['a\nb']]),
  only('numeric[]', '{1.5}', '{1.50}', '{NaN}'),
  only('double precision[]', '{0}', '{-0}', '{0.1,NULL}'),
  only('timestamp with time zone[]', '{"2024-06-01 12:00:00+00"}', '{infinity}', '{}'),
  only('interval[]', '{"1 mon"}', '{"30 days"}'),
  only('json[]', '{"{\\"a\\":1}"}', '{"{\\"a\\": 1}"}', '{"[1,\n2]"}'),
  only('pair[]', '{"(1,a,1.5)"}', '{"(1,a,1.50)"}', '{NULL}'),
  only('label[]', '{a}', '{A}'),
  alike('int4range', 'empty', '[1,5)', '[1,6)', '(,5)', '(,)'),
  alike('numrange', '[1.5,2)', '[1.50,2)', '[1.5,2]', '(1.5,2)'),
  alike('daterange', '[2024-01-01,2024-02-01)', '[2024-01-01,)'),
  only('tstzrange', '["2024-01-01 00:00:00+00",)', '["2024-01-01 00:00:00+01",)', 'empty'),
  alike('int4multirange', '{}', '{[1,3)}', '{[1,3),[5,7)}'),
  shown('pair', ['(1,a,1.5)', { a: 1, b: 'a', c: 1.5 }], ['(1,a,1.50)', { a: 1, b: 'a', c: 1.5 }], ['(1,"",)', { a: 1, b: '', c: null }], ['(1,,)', { a: 1, b: null, c: null }], ['(,,)', { a: null, b: null, c: null }]),
  alike('mood', 'sad', 'ok', 'Happy day'),
  alike('uuid', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'),
  alike('date', '2024-02-29', '0044-03-15', '0044-03-15 BC', 'infinity', '-infinity'),
  shown('timestamp without time zone', ['2024-06-01 12:00:00', '2024-06-01T12:00:00'], ['2024-06-01 12:00:00.000001', '2024-06-01T12:00:00.000001'], ['0044-03-15 00:00:00 BC', '0044-03-15T00:00:00 BC'], ['infinity', 'infinity']),
  shown('timestamp with time zone', ['2024-06-01 12:00:00+00', '2024-06-01T12:00:00+00:00'], ['2024-06-01 12:00:00+01', '2024-06-01T11:00:00+00:00'], ['2024-06-01 12:00:00.000001+00', '2024-06-01T12:00:00.000001+00:00'], ['0044-03-15 00:00:00+00 BC', '0044-03-15T00:00:00+00:00 BC'], ['infinity', 'infinity'], ['-infinity', '-infinity']),
  alike('time without time zone', '00:00:00', '24:00:00', '12:00:00.000001'),
  alike('time with time zone', '12:00:00+00', '13:00:00+01', '12:00:00+05:45'),
  alike('interval', '1 mon', '30 days', '720:00:00', '-1 mons +30 days', '00:00:00', '1 year 2 mons 3 days 04:05:06.000007'),
  alike('interval day to second', '1 day', '24:00:00'),
  alike('inet', '10.0.0.1', '10.0.0.1/24', '10.0.0.2', '::1'),
  alike('cidr', '10.0.0.0/8', '10.0.0.0/16', '::/0'),
  alike('macaddr', '08:00:2b:01:02:03', '08:00:2b:01:02:04'),
  alike('macaddr8', '08:00:2b:01:02:03:04:05', '08:00:2b:01:02:03:04:06'),
  alike('tsvector', `'a' 'b'`, `'a':1 'b'`, `'a':1A 'b'`, ''),
  alike('tsquery', `'a' & 'b'`, `'a' | 'b'`, `'a' <-> 'b'`),
  alike('point', '(0,0)', '(-0,0)', '(0,-0)', '(1,2)', '(2,1)'),
  alike('line', '{1,2,3}', '{1,2,4}'),
  alike('lseg', '[(0,0),(1,1)]', '[(1,1),(0,0)]'),
  alike('box', '(1,1),(0,0)', '(1,2),(0,0)'),
  alike('path', '((0,0),(1,1))', '[(0,0),(1,1)]'),
  alike('polygon', '((0,0),(1,1),(1,0))', '((0,0),(1,0),(1,1))'),
  alike('circle', '<(0,0),1>', '<(0,0),1.5>'),
  alike('bit(3)', '000', '001'),
  alike('bit varying', '', '0', '00', '1'),
  alike('money', '$0.00', '$1.00', '-$1.00', '$10,000.00'),
  alike('xml', '<a/>', '<a></a>', '<a>1</a>', 'just text', '<a>\n</a>'),
  only('oid', '0', '1', '4294967295'),
  alike('regclass', 'pg_class', 'pg_type'),
  alike('regtype', 'integer', 'text[]'),
  alike('pg_lsn', '0/0', '16/B374D848'),
  alike('pg_snapshot', '10:20:', '10:20:14'),
  only('xid8', '1', '4294967297'),
  alike('tid', '(0,1)', '(1,0)'),
  alike('jsonpath', '$."a"', '$."A"'),
  shown('big', ...bigNumbers),
  shown('price', ['1.500', 1.5], ['123456789.123', 123456789.123], ['NaN', 'NaN']),
  alike('label', '', 'a', 'A'),
  shown('labels', ['{}', []], ['{a}', ['a']], ['{NULL}', [null]]),
  shown('pairs', ['(1,a,1.5)', { a: 1, b: 'a', c: 1.5 }], ['(1,a,1.50)', { a: 1, b: 'a', c: 1.5 }]),
  alike('citext', 'a', 'A', 'ä', ''),
  shown('hstore', ['', {}], ['"a"=>"1"', { a: '1' }], ['"a"=>NULL', { a: null }], ['"a"=>"NULL"', { a: 'NULL' }]),
  alike('ltree', 'a.b', 'a.B', 'a'),
];

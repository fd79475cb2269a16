import type { TypeCase } from './type-cases.js';

/** What the types below need. */
export const typeSetup = `
  create type mood as enum ('sad', 'ok', 'Happy day');
  create type big as bigint`;

const alike = (type: string, ...texts: readonly string[]): TypeCase => ({ type, samples: texts.map((text) => [text, text]) });
const shown = (type: string, ...samples: readonly (readonly [string, unknown])[]): TypeCase => ({ type, samples });
/** Values that no text casts to, as SQL. */
const made = (type: string, ...samples: readonly (readonly [string, unknown])[]): TypeCase => ({ type, samples, made: true });

/** Of these the first two read alike, though they are of different kinds. */
const kinds = (type: string, ...samples: readonly (readonly [string, unknown])[]): TypeCase => ({ type, samples, made: true, alike: 1 });

const texts = ['', ' ', 'a', 'A', 'a ', 'NULL', 'null', 'é', 'e\u0301', '😀', '"', "'", '\\', '\n', '\r\n', '\t', '\u0001\u0002\u007f', '\u2028', '{"a":1}', '[a, b]'];
const wholeNumbers = [['0', 0], ['1', 1], ['-1', -1]] as const;
const bigNumbers = [...wholeNumbers, ['4294967297', 4294967297], ['9007199254740991', 9007199254740991], ['9007199254740992', '9007199254740992'], ['-9223372036854775808', '-9223372036854775808']] as const;
const hugeNumbers = [...bigNumbers, ['170141183460469231731687303715884105727', '170141183460469231731687303715884105727']] as const;
const times = (type: string, ...more: readonly (readonly [string, string])[]): TypeCase =>
  shown(type, ['2024-06-01 12:00:00', '2024-06-01T12:00:00'], ['2024-06-01 12:00:01', '2024-06-01T12:00:01'], ...more);

export const typeCases: readonly TypeCase[] = [
  shown('BOOLEAN', ['true', true], ['false', false]),
  shown('TINYINT', ...wholeNumbers),
  shown('SMALLINT', ...wholeNumbers, ['32767', 32767]),
  shown('INTEGER', ...wholeNumbers, ['2147483647', 2147483647]),
  shown('BIGINT', ...bigNumbers),
  shown('HUGEINT', ...hugeNumbers, ['-170141183460469231731687303715884105727', '-170141183460469231731687303715884105727']),
  shown('UTINYINT', ['0', 0], ['255', 255]),
  shown('USMALLINT', ['0', 0], ['65535', 65535]),
  shown('UINTEGER', ['0', 0], ['4294967295', 4294967295]),
  shown('UBIGINT', ['0', 0], ['9007199254740991', 9007199254740991], ['18446744073709551615', '18446744073709551615']),
  shown('UHUGEINT', ['0', 0], ['340282366920938463463374607431768211455', '340282366920938463463374607431768211455']),
  shown('BIGNUM', ...hugeNumbers, [`-1${'0'.repeat(60)}`, `-1${'0'.repeat(60)}`]),
  shown('DECIMAL(12,2)', ['0.00', 0], ['-0.01', -0.01], ['1234567890.12', 1234567890.12]),
  shown('DECIMAL(38,10)', ['0', 0], ['0.1', 0.1], ['9007199254740991', 9007199254740991], ['9007199254740993', '9007199254740993.0000000000'], ['123456789.1234567891', '123456789.1234567891'], ['0.0000000001', 1e-10]),
  shown('FLOAT', ['0', 0], ['-0.0', -0], ['0.1', 0.1], ['16777216', 16777216], ['nan', 'NaN'], ['inf', 'Infinity'], ['-inf', '-Infinity']),
  shown('DOUBLE', ['0', 0], ['-0.0', -0], ['0.1', 0.1], ['0.3', 0.3], ['0.30000000000000004', 0.30000000000000004], ['1e308', 1e308], ['5e-324', 5e-324], ['nan', 'NaN'], ['inf', 'Infinity'], ['-inf', '-Infinity']),
  alike('VARCHAR', ...texts),
  alike('VARCHAR COLLATE NOCASE', 'a', 'A', 'á', ''),
  shown('BLOB', ['', '\\x'], ['\\x00', '\\x00'], ['\\x00\\x01', '\\x0001'], ['\\x5C', '\\x5c'], ['\\xFF\\x0A', '\\xff0a']),
  alike('BIT', '0', '00', '1', '101'),
  alike('UUID', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'),
  shown('JSON', ['{"a":1}', { a: 1 }], ['{"a": 1}', { a: 1 }], ['{"a":\n1,\r\n"b":[]}', { a: 1, b: [] }], ['[9007199254740993, 1.5]', ['9007199254740993', 1.5]], ['null', null], ['1', 1], ['1.0', 1], ['"\\u0000"', '\0'], ['""', '']),
  alike('DATE', '2024-02-29', '0044-03-15', '0044-03-15 (BC)', 'infinity', '-infinity'),
  alike('TIME', '00:00:00', '24:00:00', '12:00:00.000001'),
  alike('TIME_NS', '00:00:00', '12:00:00.000000001'),
  alike('TIME WITH TIME ZONE', '12:00:00+00', '13:00:00+01', '12:00:00+05:45'),
  times('TIMESTAMP', ['2024-06-01 12:00:00.000001', '2024-06-01T12:00:00.000001'], ['0044-03-15 (BC) 00:00:00', '0044-03-15 (BC) 00:00:00'], ['infinity', 'infinity']),
  times('TIMESTAMP_S'),
  times('TIMESTAMP_MS', ['2024-06-01 12:00:00.001', '2024-06-01T12:00:00.001']),
  times('TIMESTAMP_NS', ['2024-06-01 12:00:00.000000001', '2024-06-01T12:00:00.000000001']),
  shown('TIMESTAMP WITH TIME ZONE', ['2024-06-01 12:00:00+00', '2024-06-01T12:00:00+00:00'], ['2024-06-01 12:00:00+01', '2024-06-01T11:00:00+00:00'], ['2024-06-01 12:00:00.000001+00', '2024-06-01T12:00:00.000001+00:00'], ['infinity', 'infinity'], ['-infinity', '-infinity']),
  alike('INTERVAL', '1 month', '30 days', '720:00:00', '-1 month 30 days', '00:00:00', '1 year 2 months 3 days 04:05:06.000007'),
  alike('mood', 'sad', 'ok', 'Happy day'),
  shown('big', ...bigNumbers),
  made('INTEGER[]', ['[]', []], ['[1, 2]', [1, 2]], ['[2, 1]', [2, 1]], ['[1, null, 2]', [1, null, 2]]),
  made('VARCHAR[]', ['[]', []], [`['a', 'b']`, ['a', 'b']], [`['a, b']`, ['a, b']], ['[null]', [null]], [`['NULL']`, ['NULL']], [`['']`, ['']], [`['"', chr(10)]`, ['"', '\n']]),
  made('DOUBLE[]', ['[0.0]', [0]], [`['-0.0'::double]`, [-0]], [`['nan'::double]`, ['NaN']]),
  made('DECIMAL(38,10)[]', ['[1.5]', [1.5]], ['[12345678901234567890.5]', ['12345678901234567890.5000000000']]),
  made('TIMESTAMP WITH TIME ZONE[]', [`['2024-06-01 12:00:00+00'::timestamptz]`, ['2024-06-01T12:00:00+00:00']], ['[]', []]),
  made('INTEGER[][]', ['[[1], [2, 3]]', [[1], [2, 3]]], ['[[1, 2], [3]]', [[1, 2], [3]]], ['[[], null]', [[], null]]),
  made('JSON[]', [`['{"a":1}'::json]`, [{ a: 1 }]], [`['{"a": 9007199254740993}'::json]`, [{ a: '9007199254740993' }]]),
  made('mood[]', [`['sad'::mood, 'Happy day'::mood]`, ['sad', 'Happy day']], [`['ok'::mood]`, ['ok']]),
  made('INTEGER[2]', ['[1, 2]', [1, 2]], ['[2, null]', [2, null]]),
  made('STRUCT(a INTEGER, "B c" VARCHAR)', [`{'a': 1, 'B c': 'x'}`, { a: 1, 'B c': 'x' }], [`{'a': 1, 'B c': null}`, { a: 1, 'B c': null }], [`{'a': null, 'B c': 'null'}`, { a: null, 'B c': 'null' }], [`{'a': null, 'B c': ''}`, { a: null, 'B c': '' }]),
  made('STRUCT(l STRUCT(n BIGINT)[])', [`{'l': [{'n': 9007199254740993}]}`, { l: [{ n: '9007199254740993' }] }], [`{'l': []}`, { l: [] }], [`{'l': null}`, { l: null }]),
  made('MAP(VARCHAR, INTEGER)', ['map {}', {}], [`map {'a': 1}`, { a: 1 }], [`map {'a=1, b': null}`, { 'a=1, b': null }], [`map {'"': 2}`, { '"': 2 }]),
  made('MAP(INTEGER, VARCHAR[])', [`map {1: ['a']}`, { 1: ['a'] }], [`map {1: ['a', null]}`, { 1: ['a', null] }]),
  kinds('UNION(num INTEGER, str VARCHAR)', ['union_value(num := 1)', { num: 1 }], [`union_value(str := '1')`, { str: '1' }], [`union_value(str := 'x')`, { str: 'x' }]),
];

import assert from 'node:assert/strict';
import type { Sample, TypeCase } from './type-cases.js';
import { sentBy, type StagedEvent } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

/** A warehouse's types. */
export interface Types {
  readonly cases: readonly TypeCase[];
  /** SQL for a sample, or for null, as a value of its type. */
  literal(sample: readonly [text: string | null, json?: unknown], type: TypeCase): string;
  /** Finds `people` from wherever Sluice connects. */
  readonly query: string;
  /** SQL that counts a column's values that read differently. */
  countDistinct(column: string): string;
}

/** One row for each sample: `<type>/<place>` with a value in that type's column alone. Null is a sample of every type. */
interface Row {
  readonly id: string;
  readonly column: string;
  readonly type: TypeCase;
  readonly values: readonly (Sample | readonly [null, null])[];
  readonly place: number;
}

/** In round r a row is r(r+1)/2 places further, so that each value of a type is followed by each other in some round, and by itself in some. */
function sampleIn(row: Row, round: number): Sample | readonly [null, null] {
  return row.values[(row.place + (round * (round + 1)) / 2) % row.values.length] ?? [null, null];
}

/** What has to hold for every value of every type. Makes `people`, and leaves it. */
export function typeLaws(bench: () => Bench, types: Types): void {
  const { cases, query } = types;
  const rows: readonly Row[] = cases.flatMap((type, index) => {
    const values = [...type.samples, [null, null] as const];
    return values.map((_, place) => ({ id: `${type.type}/${place}`, column: `v${index}`, type, values, place }));
  });
  const insertAll = (round: number): string => {
    const values = rows.map((row) => `('${row.id.replaceAll("'", "''")}', ${cases.map((type) => types.literal(type === row.type ? sampleIn(row, round) : [null, null], type)).join(', ')})`);
    return `insert into people values ${values.join(', ')}`;
  };
  const createSamples = () => bench().run(`create table people (id text, ${cases.map(({ type }, index) => `v${index} ${type}`).join(', ')}); ${insertAll(0)}`);

  it('have samples here that read differently, each', async () => {
    await createSamples();
    for (const [index, { type, samples, alike }] of cases.entries()) {
      const [found] = await bench().rows(`select ${types.countDistinct(`v${index}`)} as "distinct" from people`);
      assert.equal(Number(found?.['distinct']), samples.length - (alike ?? 0), type);
    }
  });

  it('tell each value from each other, and take the same value as unchanged', async () => {
    await createSamples();
    const driver = bench().driver();
    assert.equal((await driver.sync()).result.succeeded, rows.length);
    const rounds = Math.max(...rows.map((row) => row.values.length));
    for (let round = 1; round <= rounds; round++) {
      // An update to an equal value, as from 0 to -0, is none to some warehouses.
      await bench().run(`delete from people; ${insertAll(round)}`);
      const changed = rows.filter((row) => round % row.values.length !== 0).map((row) => `updated ${row.id}`);
      const sent = new Set(sentBy(await driver.sync()));
      assert.deepEqual({ missed: changed.filter((id) => !sent.has(id)), phantom: [...sent].filter((id) => !changed.includes(id)) }, { missed: [], phantom: [] }, `round ${round}`);
    }
  });

  it('arrive as documented, on one line, from wherever Sluice connects', async () => {
    await createSamples();
    for (const elsewhere of [false, true]) {
      const driver = bench().driver({ id: elsewhere ? 'elsewhere' : 'here', query, elsewhere });
      const events = new Map((await driver.sync()).events.map((event): [string, StagedEvent] => [event.__segment_id, event]));
      for (const row of rows) {
        const sample = sampleIn(row, 0);
        if (sample.length === 2) assert.deepEqual(events.get(row.id)?.properties[row.column], sample[1], `${row.id} ${sample[0]}`);
      }
    }
  });

  it('read the same from wherever Sluice connects', async () => {
    await createSamples();
    await bench().driver({ query }).sync();
    assert.deepEqual(sentBy(await bench().driver({ query, elsewhere: true }).sync()), []);
  });
}

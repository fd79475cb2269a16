import type { DemoWarehouse } from './warehouse.js';

/** How a receiver's records differ from the table. All three are 0 when everything arrived. */
export interface Differences {
  /** In the table, not at the receiver. */
  readonly missing: number;
  /** At both, with other values. */
  readonly different: number;
  /** At the receiver, not in the table. */
  readonly surplus: number;
  /** Records in the table. */
  readonly compared: number;
}

const pageRows = 20_000;

/** Compares record by record, value by value; holds a page of the table at a time. */
export async function compareWithTable(warehouse: Pick<DemoWarehouse, 'page'>, state: ReadonlyMap<string, string>): Promise<Differences> {
  let missing = 0;
  let different = 0;
  let compared = 0;
  for (let lastId = '0'; ; ) {
    const page = await warehouse.page(lastId, pageRows);
    for (const { id, record } of page) {
      const received = state.get(id);
      if (received === undefined) missing += 1;
      else if (received !== JSON.stringify(record)) different += 1;
      lastId = id;
    }
    compared += page.length;
    if (page.length < pageRows) return { missing, different, compared, surplus: state.size - (compared - missing) };
  }
}

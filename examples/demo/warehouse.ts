import type { Changes, ChangeRequest } from './customers.js';

/** A customer as the warehouse itself writes it: JSON, columns in order. */
export interface CustomerRow {
  readonly id: string;
  readonly record: unknown;
}

/** What the demo asks of a warehouse, whichever it is. */
export interface DemoWarehouse {
  /** What the configuration's references to the warehouse stand for. */
  readonly env: NodeJS.ProcessEnv;
  /** Makes the `customers` table and fills it, unless it holds customers already. Returns how many there are afterwards. */
  seed(rows: number): Promise<number>;
  /** Changes the table as a working day would, other customers each time. */
  change(request: ChangeRequest): Promise<Changes>;
  /** The next customers by id, after `lastId`. */
  page(lastId: string, rows: number): Promise<readonly CustomerRow[]>;
  stop(): Promise<void>;
}

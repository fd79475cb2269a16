import type { Schedule } from './schedule.js';

/** What the diff found out about one record since the destination last acknowledged it. */
export type Operation = 'new' | 'updated' | 'deleted';

/** Which operations a subscription delivers; the others are acknowledged without being sent and counted as excluded. */
export type SyncMode = 'mirror' | 'upsert' | 'add' | 'update' | 'delete';

export const operationsSentBy = {
  mirror: ['new', 'updated', 'deleted'],
  upsert: ['new', 'updated'],
  add: ['new'],
  update: ['updated'],
  delete: ['deleted'],
} as const satisfies Record<SyncMode, readonly Operation[]>;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One SQL query on a source. The query is pinned per sync: it travels with the subscription, not with the worker. */
export interface Model {
  readonly name: string;
  readonly source: string;
  readonly query: string;
  /** The column that identifies a record. */
  readonly identifier: string;
  readonly timestamp: ModelTimestamp | null;
}

export interface ModelTimestamp {
  readonly column: string;
  readonly lookbackMs: number;
  readonly fullDiffEveryMs: number;
}

/** What happens to columns that are null: they are sent as null, or left out; for all of them, or for each by its name. */
export type NullValues = NullRule | { readonly default: NullRule; readonly fields: Readonly<Record<string, NullRule>> };
export type NullRule = 'send' | 'omit';

/** One model sent to one destination. Names sources and destinations; only workers resolve them. */
export interface Subscription {
  readonly id: string;
  readonly enabled: boolean;
  readonly model: Model;
  readonly destination: string;
  readonly syncMode: SyncMode;
  readonly schedule: Schedule;
  /** Segment mapping-kit directives; null sends the record as it is. */
  readonly mapping: JsonObject | null;
  readonly nullValues: NullValues;
  readonly initialSync: 'send' | 'baseline';
  readonly continueImmediately: boolean;
}

/** `customers_to_crm-12`: names one sync everywhere, also inside each event's messageId. */
export function syncIdOf(subscriptionId: string, number: number): string {
  return `${subscriptionId}-${number}`;
}

/** The number of a sync that someone has named: `12` or `customers_to_crm-12`. Null for what names none of this subscription. */
export function syncNumberOf(subscriptionId: string, name: unknown): number | null {
  const text = typeof name === 'number' ? String(name) : name;
  if (typeof text !== 'string') return null;
  const digits = text.startsWith(`${subscriptionId}-`) ? text.slice(subscriptionId.length + 1) : text;
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : null;
}

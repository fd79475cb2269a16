import type { CheckItem } from '../../contract/reports.js';
import type { Batch, DeliveryAnswer } from '../destination.js';

/** What checks the settings: any zod schema, of any version since 3. */
export interface SettingsSchema<Settings> {
  safeParse(value: unknown): { readonly success: true; readonly data: Settings } | { readonly success: false; readonly error: { readonly issues: readonly SettingsIssue[] } };
}

export interface SettingsIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A destination of one's own: what a module exports as its default, through `defineDestination`. */
export interface DestinationDefinition<Settings> {
  readonly settings: SettingsSchema<Settings>;
  /** What makes it this destination: an address or an account, and no credential. When it changes, subscriptions must be reset before they sync again. */
  target(settings: Settings): string;
  create(settings: Settings): CustomDestination;
}

export interface CustomDestination {
  /**
   * One attempt at one batch, under the rules of the Destination interface: the answer says what the other end said, and retrying and splitting are done by Sluice.
   * `signal` aborts when the sync is canceled or `timeout` has passed; nobody waits for the answer then. What it throws counts as an attempt whose answer was lost.
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryAnswer>;
  /** Called before a sync settles, until it succeeds; so it is safe to repeat. */
  publish?(sync: { readonly subscriptionId: string; readonly syncNumber: number }): Promise<void>;
  /** For `sluice check`: tries whether the other end can be reached and lets Sluice in, and changes nothing there. */
  check?(signal: AbortSignal): Promise<readonly CheckItem[]>;
  close?(): Promise<void>;
}

/** Gives a definition its types. */
export function defineDestination<Settings>(definition: DestinationDefinition<Settings>): DestinationDefinition<Settings> {
  return definition;
}

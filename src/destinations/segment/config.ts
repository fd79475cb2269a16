import type { JsonObject, SyncMode } from '../../domain/subscription.js';
import type { DestinationLimits } from '../destination.js';

/** One action of one of Segment's destinations, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export interface SegmentDestinationConfig extends DestinationLimits {
  readonly type: 'segment';
  /** The destination's folder in the package: `klaviyo`. */
  readonly slug: string;
  readonly action: string;
  /** For actions that know sync modes: what they do with the records. */
  readonly syncMode: SyncMode | null;
  /** Checked by the destination's own schema. OAuth tokens stand under `oauth`. */
  readonly settings: JsonObject;
  /** What the action wants done once at the destination, and what came of it. Null: the action has no hook, or none is used. */
  readonly hook: { readonly inputs: JsonObject; readonly outputs: JsonObject | null } | null;
}

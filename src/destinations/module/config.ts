import type { JsonObject } from '../../domain/subscription.js';
import type { DestinationLimits } from '../destination.js';

/** A destination of one's own, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export interface ModuleDestinationConfig extends DestinationLimits {
  readonly type: 'module';
  /** Absolute: a TypeScript or JavaScript module whose default export `defineDestination` made. */
  readonly path: string;
  /** Checked by the module. */
  readonly settings: JsonObject;
}

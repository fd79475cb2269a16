/** What a destination of one's own is written with; the package exports it as `sluice/destination`. */
export type { Batch, BatchPlace, DeliveryAnswer, RecordAnswer } from '../destination.js';
export { defineDestination, type CustomDestination, type DestinationDefinition, type SettingsIssue, type SettingsSchema } from './definition.js';
export { recordsOf, type BatchRecord } from './records.js';

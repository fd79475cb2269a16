import { z } from 'zod';
import type { NullValues, Subscription } from '../../domain/subscription.js';
import type { SchemaContext } from './context.js';
import { reference } from './fields.js';
import { mapping } from './mapping.js';
import { scheduleSchema } from './schedule.js';

/** A subscription as written: its model is still a name, its id the key that it stands under. */
export type WrittenSubscription = Omit<Subscription, 'id' | 'model'> & { readonly model: string };

const nullRule = z.enum(['send', 'omit']);

/** One word for all columns, or one for each that differs. */
const nullValues: z.ZodType<NullValues> = z.union([nullRule, z.strictObject({ default: nullRule.default('send'), fields: z.record(z.string(), nullRule) })]);

export const subscriptionOptions = {
  syncMode: z.enum(['mirror', 'upsert', 'add', 'update', 'delete']),
  nullValues,
  initialSync: z.enum(['send', 'baseline']),
};

export function subscriptionSchema(context: SchemaContext): z.ZodType<WrittenSubscription> {
  return z.strictObject({
    model: reference('model', context.models),
    destination: reference('destination', context.destinations),
    enabled: z.boolean().default(true),
    syncMode: subscriptionOptions.syncMode.default('mirror'),
    schedule: scheduleSchema(context.nowMs),
    mapping: mapping.nullable().default(null),
    nullValues: subscriptionOptions.nullValues.prefault('send'),
    initialSync: subscriptionOptions.initialSync.default('send'),
    continueImmediately: z.boolean().default(false),
  });
}

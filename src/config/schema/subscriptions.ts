import { z } from 'zod';
import type { Subscription } from '../../domain/subscription.js';
import type { SchemaContext } from './context.js';
import { reference } from './fields.js';
import { mapping } from './mapping.js';
import { scheduleSchema } from './schedule.js';

/** A subscription as written: its model is still a name, its id the key that it stands under. */
export type WrittenSubscription = Omit<Subscription, 'id' | 'model'> & { readonly model: string };

export const subscriptionOptions = {
  syncMode: z.enum(['mirror', 'upsert', 'add', 'update', 'delete']),
  nullValues: z.enum(['send', 'omit']),
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
    nullValues: subscriptionOptions.nullValues.default('send'),
    initialSync: subscriptionOptions.initialSync.default('send'),
    continueImmediately: z.boolean().default(false),
  });
}

import { z } from 'zod';
import type { WorkspaceConfig } from '../configuration.js';
import type { WorkspacePlan } from '../../domain/plan.js';
import { alsoWhenOthersAreWrong, count, exactlyOneOf } from './fields.js';
import { name } from './names.js';

const business = z
  .strictObject({ mtus: count.optional(), apiCalls: count.optional() })
  .superRefine(exactlyOneOf(['mtus', 'apiCalls']), alsoWhenOthersAreWrong);

const agreedPlan = z
  .strictObject({ business: business.optional(), custom: z.strictObject({ records: count }).optional() })
  .superRefine(exactlyOneOf(['business', 'custom']), alsoWhenOthersAreWrong)
  .transform((plan): WorkspacePlan => {
    if (plan.custom !== undefined) return { kind: 'custom', records: plan.custom.records };
    const { mtus, apiCalls } = plan.business ?? {};
    return mtus === undefined ? { kind: 'business', per: 'apiCalls', count: apiCalls ?? 0 } : { kind: 'business', per: 'mtus', count: mtus };
  });

const plan = z.union([z.enum(['free', 'teams']).transform((kind): WorkspacePlan => ({ kind })), agreedPlan], {
  error: 'is no known plan, expected free, teams, {business: {mtus: N}}, {business: {apiCalls: N}} or {custom: {records: N}}',
});

export const workspaceSchema: z.ZodType<WorkspaceConfig> = z.strictObject({
  id: name,
  plan: plan.default({ kind: 'free' }),
  // Every month has a 28th.
  billingCycleDay: z.int().min(1).max(28).default(1),
  countFailed: z.boolean().default(true),
});

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CheckItem } from '../../contract/reports.js';
import { SluiceError } from '../../errors/errors.js';
import type { Batch, DeliveryAnswer, Destination } from '../destination.js';
import { createReasonWriter } from '../reason.js';
import { NoAnswerError, within } from '../within.js';
import type { ModuleDestinationConfig } from './config.js';
import type { CustomDestination, DestinationDefinition } from './definition.js';
import { createCustom } from './load.js';

/** A module could not show what a sync delivered; it is asked again. */
class ModulePublishError extends SluiceError {
  readonly retryable = true;
}

/**
 * A destination that a module of the user's brings. The module knows the other end; time limits, and what happens when it throws or answers nonsense, are settled here.
 *
 * @throws ConfigurationError when the module refuses its settings
 */
export function createModuleDestination(name: string, config: ModuleDestinationConfig, definition: DestinationDefinition<unknown>): Destination {
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  const { custom, target } = createCustom(name, definition, config.settings);
  return {
    identity: createHash('sha256').update(JSON.stringify(['module', name, target])).digest('hex'),
    limits: { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit },
    async deliver(batch, signal) {
      try {
        // It may go on with the batch when nobody waits for it any more.
        const own = batch.copy();
        return checked(await within(timeoutMs, signal, (ending) => custom.deliver(own, ending)), batch);
      } catch (error) {
        signal.throwIfAborted();
        const what = error instanceof NoAnswerError ? 'did not answer in time' : `threw ${error instanceof Error ? error.name : typeof error}`;
        return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: `the module of destination "${name}" ${what}` };
      }
    },
    async publish(sync) {
      try {
        await custom.publish?.(sync);
      } catch (error) {
        throw new ModulePublishError(`the module of destination "${name}" could not publish a sync (it threw ${error instanceof Error ? error.name : typeof error}); it is asked again`);
      }
    },
    check: (signal) => checkModule(name, custom, timeoutMs, signal),
    close: async () => custom.close?.(),
  };
}

/** A module without a check of its own has at least taken its settings. */
async function checkModule(name: string, custom: CustomDestination, timeoutMs: number, signal: AbortSignal): Promise<readonly CheckItem[]> {
  const taken = { what: 'takes its settings', problem: null };
  try {
    return [taken, ...checkItems.parse(await within(timeoutMs, signal, async (ending) => (await custom.check?.(ending)) ?? []))];
  } catch (error) {
    signal.throwIfAborted();
    return [taken, { what: 'ends its own check', problem: `the module of destination "${name}" threw ${error instanceof Error ? error.name : typeof error}: correct its check` }];
  }
}

const checkItems = z.array(z.object({ what: z.string(), problem: z.string().nullable() }));
const shorten = createReasonWriter([]);
const reason = z.string().transform(shorten);
const code = z.string().max(100).exactOptional();
const recordAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delivered') }),
  z.object({ kind: z.literal('failed'), reason, code }),
  z.object({ kind: z.literal('retry'), reason, code }),
]);
const deliveryAnswer: z.ZodType<DeliveryAnswer> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delivered') }),
  z.object({ kind: z.literal('answered'), records: z.array(recordAnswer) }),
  z.object({ kind: z.literal('refused'), reason, code }),
  z.object({ kind: z.literal('unavailable'), sent: z.boolean(), retryAfterMs: z.number().min(0).nullable(), throttled: z.boolean().exactOptional(), reason, code }),
  z.object({ kind: z.literal('unauthorized'), reason }),
]);

class InvalidAnswerError extends Error {
  override readonly name = 'InvalidAnswerError';
}

/** An answer that is none, or that leaves records out, acknowledges nothing. */
function checked(answer: unknown, batch: Batch): DeliveryAnswer {
  const parsed = deliveryAnswer.safeParse(answer);
  if (!parsed.success || (parsed.data.kind === 'answered' && parsed.data.records.length !== batch.size)) throw new InvalidAnswerError();
  return parsed.data;
}

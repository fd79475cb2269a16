import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DestinationDefinition } from '@segment/actions-core';
import type { DestinationConfig } from '../../src/config/index.js';
import type { JsonObject } from '../../src/domain/subscription.js';
import { destinationLimits } from '../configuration.js';
import { eightFields } from './floors.js';
import { eachSlice, type Slices } from './slices.js';

const load = createRequire(import.meta.url);

/** What the package's own webhook needs to post the eight fields. */
export function mappingTo(url: string): JsonObject {
  return { url, method: 'POST', data: eightFields };
}

export function packageWebhook(): DestinationConfig {
  return { type: 'segment', slug: 'webhook', action: 'send', syncMode: null, settings: {}, hook: null, ...destinationLimits };
}

interface Runner {
  onBatch(events: readonly object[], settings: object): Promise<unknown>;
}

/** The package's own code alone: each part of the file is parsed and handed to its `onBatch`, with the same mapping and settings. */
export async function packageAlone(url: string, lines: Slices, connections: number): Promise<void> {
  const { Destination } = load('@segment/actions-core') as { Destination: new (definition: DestinationDefinition) => Runner };
  const folder = join(dirname(load.resolve('@segment/action-destinations')), 'destinations');
  const { default: definition } = load(join(folder, 'webhook', 'index.js')) as { default: DestinationDefinition };
  const settings = { subscription: { partnerAction: 'send', subscribe: 'type = "track"', mapping: mappingTo(url) } };
  await eachSlice(lines, connections, async (part) => {
    const events = part.toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as object);
    // A fresh one for each batch, because it remembers every response that it ever got.
    await new Destination(definition).onBatch(events, settings);
  });
}

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { StepInput } from '../../activities/types.js';
import type { DestinationConfig } from '../../src/config/index.js';
import { several } from '../../src/domain/several.js';
import type { JsonObject } from '../../src/domain/subscription.js';
import { configurationOf, customersTo, type Places } from '../configuration.js';
import { dropState } from '../drop-state.js';
import { createSteps, type Steps } from '../steps.js';

export interface Delivered {
  readonly mapping?: JsonObject;
  readonly destination?: DestinationConfig;
}

/** The steps of a worker that sends `customers`. */
export function stepsTo(places: Places, { mapping, destination }: Delivered = {}): Steps {
  const subscription = customersTo('select * from customers', mapping ?? null);
  return createSteps(configurationOf(places, subscription, destination), subscription);
}

/** Runs a first sync up to its staged chunks, and forgets it after `use`, which closes the steps: they are one worker's, whose connections stay open from step to step. */
export async function staged<T>(places: Places, delivered: Delivered, use: (sync: StepInput, chunks: readonly number[], steps: Steps) => Promise<T>): Promise<T> {
  await forget(places);
  const steps = stepsTo(places, delivered);
  const sync = await steps.open(randomUUID());
  const { toSend } = await steps.diff(sync);
  const chunks = await steps.stage(sync, toSend);
  try {
    return await use(sync, chunks, steps);
  } finally {
    await forget(places);
  }
}

/** Delivers the chunks, `connections` at once, and closes the steps. Returns how many records arrived. */
export async function loadAll(steps: Steps, sync: StepInput, chunks: readonly number[], connections: number): Promise<number> {
  const loaded = await several(chunks, connections, (chunk) => steps.load(sync, chunk));
  await steps.close();
  return loaded.reduce((sum, { succeeded }) => sum + succeeded, 0);
}

async function forget(places: Places): Promise<void> {
  await dropState(places.databaseUrl);
  await rm(places.stagingFolder, { recursive: true, force: true });
}

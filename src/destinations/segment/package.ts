import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { DestinationDefinition } from '@segment/actions-core';
import { ConfigurationError } from '../../errors/errors.js';
import type { JsonObject } from '../../domain/subscription.js';

export type Definition = DestinationDefinition<JsonObject>;
export type ActionDefinition = Definition['actions'][string];

/** What Sluice uses of the package's runner. */
export interface Runner {
  validateSettings(settings: JsonObject): void;
  testAuthentication(settings: object): Promise<void>;
  onBatch(events: readonly object[], settings: object, options: RunOptions): Promise<unknown>;
  onEvent(event: object, settings: object, options: RunOptions): Promise<unknown>;
  readonly actions: Readonly<Record<string, { executeHook(moment: string, run: HookRun): Promise<unknown> }>>;
}

export interface HookRun {
  readonly settings: JsonObject;
  readonly hookInputs: JsonObject;
  readonly payload: object;
  readonly auth: { readonly accessToken: string | undefined; readonly refreshToken: string | undefined };
  readonly signal: AbortSignal;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onTokenRefresh: (tokens: RefreshedTokens) => void;
}

export interface RefreshedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
}

/** The package is 100 MB and optional: nothing of it is loaded before a destination of type segment asks. */
const load = createRequire(import.meta.url);
const install = 'npm install @segment/action-destinations@3.497.0 xml-js@1.6.11';

/** The folders of all destinations, in order. Throws ConfigurationError when the package is not there. */
export function segmentSlugs(): readonly string[] {
  const folder = destinationsFolder("Segment's destinations are a package of their own, which is not there");
  return readdirSync(folder).filter((slug) => existsSync(path.join(folder, slug, 'index.js'))).sort();
}

/** Loads one destination's own files, and none of the others'. Throws ConfigurationError when the package or the destination is not there. */
export function loadSegmentDestination(name: string, slug: string): Definition {
  const file = path.join(destinationsFolder(`destination "${name}" is of type segment, which needs Segment's destinations`), slug, 'index.js');
  if (!/^[a-z0-9-]+$/.test(slug) || !existsSync(file)) {
    throw new ConfigurationError([`destination "${name}": slug: @segment/action-destinations has no destination "${slug}": see \`sluice destinations\``]);
  }
  try {
    return (load(file) as { default: Definition }).default;
  } catch (error) {
    throw new ConfigurationError([`destination "${name}": Segment's destination "${slug}" cannot be loaded (${codeOf(error)}): run \`${install}\``]);
  }
}

/** Throws ConfigurationError when the destination has no such action. */
export function actionOf(name: string, definition: Definition, action: string): ActionDefinition {
  const found = Object.hasOwn(definition.actions, action) ? definition.actions[action] : undefined;
  if (found === undefined) {
    throw new ConfigurationError([`destination "${name}": action: ${definition.name} has no action "${action}", expected one of ${Object.keys(definition.actions).join(', ')}`]);
  }
  return found;
}

/**
 * A fresh runner of one action, because the package's runners remember every response they ever got.
 * The package keeps compiled schemas under names and titles, as if they were URIs: those with spaces are refused as malformed, and equal titles would share one. So it gets the slug and the action's key instead.
 */
export function createRunner(slug: string, definition: Definition, key: string, action: ActionDefinition): Runner {
  const { Destination } = load('@segment/actions-core') as { Destination: new (definition: Definition) => Runner };
  return new Destination({ ...definition, name: `segment-${slug}`, actions: { [key]: { ...action, title: key } } });
}

/** A runner whose only setting is one of an action's fields: the package checks both by the same rules, and lets nobody check a field alone. */
export function createFieldChecker(slug: string, key: string, action: ActionDefinition, field: string): Runner {
  const { Destination } = load('@segment/actions-core') as { Destination: new (definition: object) => Runner };
  // Whether it is required may depend on fields that are not here.
  const fields = { [field]: { ...action.fields[field], required: false } };
  return new Destination({ name: ['segment', slug, key, field].join('-'), authentication: { scheme: 'custom', fields }, actions: {} });
}

function destinationsFolder(need: string): string {
  try {
    return path.join(path.dirname(load.resolve('@segment/action-destinations')), 'destinations');
  } catch (error) {
    throw new ConfigurationError([`${need} (${codeOf(error)}): run \`${install}\``]);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it failed while loading';
}

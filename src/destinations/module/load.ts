import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { ConfigurationError } from '../../errors/errors.js';
import type { JsonObject } from '../../domain/subscription.js';
import type { CustomDestination, DestinationDefinition } from './definition.js';

const isFunction = z.custom<(...args: never) => unknown>((value) => typeof value === 'function');
const definition = z.object({ default: z.object({ settings: z.looseObject({ safeParse: isFunction }), target: isFunction, create: isFunction }) });

/** Loads the module of a destination. Throws ConfigurationError when it can't be loaded, or exports no destination. */
export async function loadDefinition(name: string, file: string): Promise<DestinationDefinition<unknown>> {
  const loaded: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new ConfigurationError([`destination "${name}": the module ${file} cannot be loaded (${hintFor(error)})`]);
  });
  if (!definition.safeParse(loaded).success) {
    throw new ConfigurationError([`destination "${name}": the module ${file} exports no destination: write \`export default defineDestination({settings, target, create})\``]);
  }
  // zod has found all that the type says; what the functions take and give is the module's own business, and checked where it matters.
  return (loaded as { default: DestinationDefinition<unknown> }).default;
}

/** A message may quote the module's own code; its code and class are enough to go on. */
function hintFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : typeof error;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return `${code}: this Node.js runs no TypeScript by itself; name a built .js file, run Sluice through tsx, or use Node.js 22.18 or newer`;
  if (code === 'ERR_MODULE_NOT_FOUND') return `${code}: the file, or something that it imports, is not there`;
  return code;
}

/** What is wrong with the settings, one sentence each; empty when nothing is. Quotes no value. */
export function settingsProblems(name: string, { settings: schema }: DestinationDefinition<unknown>, settings: JsonObject): string[] {
  const checked = schema.safeParse(settings);
  if (checked.success) return [];
  return checked.error.issues.map(({ path, message }) => `destination "${name}": ${['settings', ...path.map(String)].join('.')}: ${message}`);
}

/** Throws ConfigurationError when the settings are wrong, or the module refuses them. */
export function createCustom(name: string, definition: DestinationDefinition<unknown>, settings: JsonObject): { readonly custom: CustomDestination; readonly target: string } {
  const checked = definition.settings.safeParse(settings);
  if (!checked.success) throw new ConfigurationError(settingsProblems(name, definition, settings));
  try {
    return { custom: definition.create(checked.data), target: definition.target(checked.data) };
  } catch (error) {
    throw new ConfigurationError([`destination "${name}": its module failed to create it (${error instanceof Error ? error.name : typeof error}): correct the module or the settings`]);
  }
}

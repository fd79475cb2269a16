import { suggestion } from '../config/suggestion.js';
import { ConfigurationError } from '../errors/errors.js';
import type { Settings } from './settings.js';

/** The entry of that name, of a part of the configuration. Throws ConfigurationError, with the nearest known name, where there is none. */
export function entryOf<T>(entries: Readonly<Record<string, T>>, { configFile }: Settings, kind: string, name: string): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  const known = Object.keys(entries);
  throw new ConfigurationError([`${configFile}: unknown ${kind} "${name}"${known.length === 0 ? ', and the file has none' : suggestion(name, known)}`]);
}

import { existsSync } from 'node:fs';
import { loadConfiguration } from '../config/index.js';
import type { Configuration } from '../config/index.js';
import { suggestion } from '../config/suggestion.js';
import type { Subscription } from '../domain/subscription.js';
import { ConfigurationError } from '../errors/errors.js';
import type { Settings } from './settings.js';

/** The configuration without its variables looked up; null where there is no file and none was named, since Temporal knows the rest. */
export async function configurationIfThere({ configFile, configNamed }: Settings): Promise<Configuration | null> {
  if (!configNamed && !existsSync(configFile)) return null;
  return loadConfiguration(configFile, process.env, { requireVariables: false });
}

/** Throws ConfigurationError, with the nearest known name, when there is a configuration and it lacks the subscription. */
export async function checkSubscription(settings: Settings, subscriptionId: string): Promise<void> {
  const configuration = await configurationIfThere(settings);
  if (configuration !== null) subscriptionOf(configuration, settings, subscriptionId);
}

/** Throws ConfigurationError, with the nearest known name. */
export function subscriptionOf(configuration: Configuration, { configFile }: Settings, subscriptionId: string): Subscription {
  const subscription = configuration.subscriptions[subscriptionId];
  if (subscription !== undefined) return subscription;
  const known = Object.keys(configuration.subscriptions);
  const hint = known.length === 0 ? ', and the file has none' : suggestion(subscriptionId, known);
  throw new ConfigurationError([`${configFile}: unknown subscription "${subscriptionId}"${hint}`]);
}

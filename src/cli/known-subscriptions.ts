import { existsSync } from 'node:fs';
import { loadConfiguration } from '../config/index.js';
import type { Configuration } from '../config/index.js';
import { entryOf } from './named-entry.js';
import type { Settings } from './settings.js';

/** The configuration without its variables looked up; null where there is no file and none was named, since Temporal knows the rest. */
export async function configurationIfThere({ configFile, configNamed }: Settings): Promise<Configuration | null> {
  if (!configNamed && !existsSync(configFile)) return null;
  return loadConfiguration(configFile, process.env, { requireVariables: false });
}

/** Throws ConfigurationError, with the nearest known name, when there is a configuration and it lacks the subscription. */
export async function checkSubscription(settings: Settings, subscriptionId: string): Promise<void> {
  const configuration = await configurationIfThere(settings);
  if (configuration !== null) entryOf(configuration.subscriptions, settings, 'subscription', subscriptionId);
}

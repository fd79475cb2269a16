import { problemsOfDestination, resolveReferences, type Configuration, type Problem } from '../config/index.js';
import type { DestinationDefinition } from '../destinations/module/definition.js';
import { loadDefinition, settingsProblems } from '../destinations/module/load.js';
import { ConfigurationError } from '../errors/errors.js';

/** By destination: what its module exports, or why it can't be used. Such a destination fails only the subscriptions that send to it. */
export type DestinationModules = ReadonlyMap<string, DestinationDefinition<unknown> | ConfigurationError>;

/** Loads the modules that a configuration names. Node.js imports modules asynchronously, so this comes before any adapter is made. */
export async function loadDestinationModules(configuration: Configuration, env: NodeJS.ProcessEnv): Promise<DestinationModules> {
  const loaded = Object.entries(configuration.destinations).map(async ([name, config]): Promise<[string, DestinationDefinition<unknown> | ConfigurationError][]> => {
    if (config.type !== 'module') return [];
    try {
      return [[name, await loadDefinition(name, resolveReferences(config.path, env))]];
    } catch (error) {
      if (error instanceof ConfigurationError) return [[name, error]];
      throw error;
    }
  });
  return new Map((await Promise.all(loaded)).flat());
}

/** What is wrong with the modules and their settings; empty when nothing is. */
export async function moduleProblems(configuration: Configuration, env: NodeJS.ProcessEnv): Promise<Problem[]> {
  const modules = await loadDestinationModules(configuration, env);
  return [...modules].flatMap(([name, loaded]) => {
    if (loaded instanceof ConfigurationError) return problemsOfDestination(name, loaded);
    const config = configuration.destinations[name];
    return config?.type === 'module' ? problemsOfDestination(name, new ConfigurationError(settingsProblems(name, loaded, resolveReferences(config.settings, env)))) : [];
  });
}

import { ConfigurationError } from '../src/errors/errors.js';
import type { ActivityDependencies } from './dependencies.js';
import type { CheckedConfiguration, ConfigurationInput } from './types.js';

/** Checks a configuration on arrival, whoever sent it: a message from the plain Temporal CLI has passed no other check. */
export function validateSubscription(dependencies: ActivityDependencies, input: ConfigurationInput): Promise<CheckedConfiguration> {
  return Promise.resolve(check(dependencies, input));
}

function check(dependencies: ActivityDependencies, input: ConfigurationInput): CheckedConfiguration {
  try {
    const subscription = dependencies.parseSubscription(input.subscription);
    if (subscription.id === input.id) return { kind: 'fine', subscription };
    return { kind: 'wrong', problems: [`it is for subscription "${subscription.id}", not "${input.id}"`] };
  } catch (error) {
    if (error instanceof ConfigurationError) return { kind: 'wrong', problems: error.problems };
    throw error;
  }
}

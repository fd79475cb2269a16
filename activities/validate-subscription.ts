import type { ActivityDependencies } from './dependencies.js';
import type { ConfigurationInput } from './types.js';

/** Checks a configuration on arrival, whoever sent it: a message from the plain Temporal CLI has passed no other check. */
export function validateSubscription(dependencies: ActivityDependencies, input: ConfigurationInput): Promise<readonly string[]> {
  const problems = dependencies.subscriptionProblems(input.subscription);
  if (problems.length > 0) return Promise.resolve(problems);
  const { id } = input.subscription as { readonly id: string };
  return Promise.resolve(id === input.id ? [] : [`it is for subscription "${id}", not "${input.id}"`]);
}

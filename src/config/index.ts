/** The config room: reads sluice.yaml, says everything that is wrong with it, and resolves `${ENV}` references where they are used. */
export type * from './configuration.js';
export type { Problem } from './explain.js';
export { loadConfiguration } from './load.js';
export { placed, problemsOfDestination } from './late-problems.js';
export { resolveReferences } from './references.js';
export { parseSubscription } from './subscription-payload.js';

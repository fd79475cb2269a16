/**
 * What may be there at once, for what is asked for before every batch and hardly ever has to be waited for: to await a promise costs a worker
 * as much as sending several records does.
 */
export type Awaitable<T> = T | Promise<T>;

import type { Warehouse } from './warehouse.js';

type Methods = Omit<Warehouse, 'close'>;

/** A warehouse's methods, each with the client that it works through as its first argument. */
export type MethodsOver<Client> = { readonly [Name in keyof Methods]: (client: Client, ...args: Parameters<Methods[Name]>) => ReturnType<Methods[Name]> };

/** The methods as one client's warehouse. */
export function bindMethods<Client extends { close(): Promise<void> }>(client: Client, methods: MethodsOver<Client>): Warehouse {
  const bound = Object.entries(methods).map(([name, method]) => [name, (method as (...args: unknown[]) => unknown).bind(null, client)]);
  return { ...(Object.fromEntries(bound) as Methods), close: () => client.close() };
}

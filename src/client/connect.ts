import { Client, Connection } from '@temporalio/client';
import { searchAttributes } from '../contract/search-attributes.js';
import { TemporalUnavailableError } from '../errors/errors.js';

export interface ConnectOptions {
  /** host:port of Temporal's gRPC service. */
  readonly address: string;
  readonly namespace: string;
}

/** Connects within a few seconds. Throws TemporalUnavailableError when nothing answers. */
export async function connectTemporal(options: ConnectOptions): Promise<Client> {
  try {
    const connection = await Connection.connect({ address: options.address, connectTimeout: '5 seconds' });
    return new Client({ connection, namespace: options.namespace });
  } catch (error) {
    throw new TemporalUnavailableError(`no Temporal server answers at ${options.address}: start one (\`sluice dev\`), or set --address or TEMPORAL_ADDRESS`, { cause: error });
  }
}

const indexedTypes = { KEYWORD: 2, INT: 3, DATETIME: 6 } as const;

/** Registers what is missing of the search attributes: a workflow that sets an unregistered one would stand still. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection as Connection;
  const namespace = client.options.namespace;
  const known = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes).filter((attribute) => !(attribute.name in known.customAttributes));
  if (missing.length === 0) return;
  const wanted = Object.fromEntries(missing.map((attribute) => [attribute.name, indexedTypes[attribute.type]]));
  try {
    await operatorService.addSearchAttributes({ namespace, searchAttributes: wanted });
  } catch (error) {
    throw new TemporalUnavailableError(
      `the search attributes ${missing.map((attribute) => attribute.name).join(', ')} can't be registered in namespace "${namespace}": a namespace has room for ten keywords and three numbers, and the caller needs the right to add them`,
      { cause: error },
    );
  }
}

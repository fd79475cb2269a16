import { SluiceClient } from '../client/client.js';
import type { Settings } from './settings.js';

/** Runs `work` with a client that is closed afterwards, so that the process can end. Throws TemporalUnavailableError when nothing answers. */
export async function withClient<T>({ address, namespace }: Settings, work: (client: SluiceClient) => Promise<T>): Promise<T> {
  const client = await SluiceClient.connect({ address, namespace });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

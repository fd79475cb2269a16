import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ReceiverProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the receiver. It ends with this process, however that ends. */
export async function startReceiver(): Promise<ReceiverProcess> {
  const child = fork(fileURLToPath(new URL('receiver.js', import.meta.url)), { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';

import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { skipTime } from './time-skipping.js';

/** Lets workflows that ask for it run on virtual time, and lets it move in small steps. */
const timeSkippingArgs = [
  ...['--dynamic-config-value', 'frontend.WorkflowTimeSkippingEnabled=true'],
  ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="1ms"'],
];

/** For test files that want one of their own. Made at start-up, because a server takes seconds to notice a later one. */
const spareNamespaces = Array.from({ length: 60 }, (_, index) => `test-${index + 1}`);

interface SharedServer {
  readonly server: TemporalServer;
  readonly connection: Connection;
  /** Whatever it starts skips time. */
  readonly skippingConnection: Connection;
}

let shared: Promise<SharedServer> | null = null;
let namespacesTaken = 0;

let quiet = false;

/** Workers in tests tell their whole life otherwise, and all the failures that tests provoke. */
export function quietWorkers(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}

function sharedServer(): Promise<SharedServer> {
  shared ??= (async () => {
    quietWorkers();
    const server = await startTemporal({
      port: 0,
      headless: true,
      cacheFolder: defaultCacheFolder(),
      extraArgs: [...timeSkippingArgs, ...spareNamespaces.flatMap((name) => ['--namespace', name])],
      log: () => undefined,
    });
    const [connection, skippingConnection] = await Promise.all([
      Connection.connect({ address: server.address }),
      Connection.connect({ address: server.address }),
    ]);
    skipTime(skippingConnection);
    return { server, connection, skippingConnection };
  })();
  return shared;
}

/** The Temporal dev server of this test run, started when the first test asks for it, with Sluice's search attributes. */
export async function testServer(): Promise<{ address: string; namespace: string }> {
  const { server } = await sharedServer();
  return { address: server.address, namespace: server.namespace };
}

/** A namespace that nobody else uses, with the search attributes. */
export async function freshNamespace(): Promise<string> {
  await sharedServer();
  const name = spareNamespaces[namespacesTaken];
  if (name === undefined) throw new Error(`all ${spareNamespaces.length} spare namespaces are taken; add some in test/support/temporal.ts`);
  namespacesTaken += 1;
  return name;
}

/** A client on real time. Its connection is shared, and closed after the last test. */
export async function testClient(namespace = 'default'): Promise<Client> {
  const { connection } = await sharedServer();
  return new Client({ connection, namespace });
}

/**
 * A client whose workflows skip every wait at once, up to 200 times, and their children too. A workflow that loops for ever is better
 * started by `testClient` and moved by `fastForward`.
 */
export async function timeSkippingClient(namespace = 'default'): Promise<Client> {
  const { skippingConnection } = await sharedServer();
  return new Client({ connection: skippingConnection, namespace });
}

export async function stopSharedTemporal(): Promise<void> {
  if (shared === null) return;
  const { server, connection, skippingConnection } = await shared;
  await Promise.all([connection.close(), skippingConnection.close()]);
  await server.stop();
}

import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Connection } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';

import { searchAttributes } from '../contract/search-attributes.js';
import { TemporalUnavailableError } from '../errors/errors.js';
import { type GuardedProcess, startGuarded } from './guarded-process.js';
import { choosePort, loopback } from './ports.js';
import { findTemporalCli } from './temporal-cli.js';

type AttributeKeys = readonly { readonly name: string; readonly type: SearchAttributeType }[];

export interface StartTemporalOptions {
  /** Where the server keeps its state between runs. Left out: in memory. */
  readonly stateFile?: string;
  /** Left out: 7233 if that is free, else any free port. */
  readonly port?: number;
  /** Left out: 8233 if that is free, else any free port. */
  readonly uiPort?: number;
  /** True: no Web UI. */
  readonly headless?: boolean;
  readonly extraArgs?: readonly string[];
  /** Registered in every namespace of the server. Left out: Sluice's own. */
  readonly searchAttributes?: AttributeKeys;
  readonly cacheFolder: string;
  readonly log: (line: string) => void;
}

export interface TemporalServer {
  /** host:port of the gRPC service. */
  readonly address: string;
  /** The Web UI's URL, where there is one that we know of. */
  readonly uiAddress: string | null;
  readonly namespace: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

/** The server looks into each of its queues no more than 20 times a second in each shard, and a dev server has one: then every step of a workflow would wait 50 ms. */
const fasterQueues = ['transfer', 'timer', 'visibility'].flatMap((queue) => ['--dynamic-config-value', `history.${queue}ProcessorMaxPollRPS=1000`]);

/**
 * The server that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name, or null when they name none. Stopping it does nothing: it isn't ours.
 * @throws TemporalUnavailableError when nothing answers there
 */
export async function findTemporal(log: (line: string) => void, env: NodeJS.ProcessEnv = process.env): Promise<TemporalServer | null> {
  const address = env['TEMPORAL_ADDRESS'];
  if (!address) return null;
  const namespace = env['TEMPORAL_NAMESPACE'] ?? 'default';
  log(`Temporal: using the server at ${address}, which TEMPORAL_ADDRESS names`);
  if (!(await answers({ address, namespace, attributes: [], connectTimeoutMs: 5_000 }))) {
    throw new TemporalUnavailableError(
      `no Temporal server with a namespace "${namespace}" answers at ${address}, which TEMPORAL_ADDRESS names; ` +
        'start it, or correct the variable, or unset it to let Sluice start a server of its own',
    );
  }
  return { address, uiAddress: null, namespace, stop: () => Promise.resolve() };
}

/**
 * Starts a Temporal dev server that listens on 127.0.0.1 only and never outlives this process. Resolves when its default namespace
 * answers and knows the search attributes.
 * @throws RefusedError when a port that was asked for is taken, or no Temporal CLI can be found or fetched
 * @throws TemporalUnavailableError when the server ends or stays silent; its last output is in the message
 */
export async function startTemporal(options: StartTemporalOptions): Promise<TemporalServer> {
  const cli = await findTemporalCli(options);
  const port = await choosePort({ purpose: 'Temporal', asked: options.port, preferred: 7233 });
  const uiPort = options.headless ? null : await choosePort({ purpose: 'Temporal\'s Web UI', asked: options.uiPort, preferred: 8233 });
  const attributes = options.searchAttributes ?? Object.values(searchAttributes);
  if (options.stateFile) await mkdir(dirname(resolve(options.stateFile)), { recursive: true });
  const server = startGuarded({
    command: cli,
    abandonedSignal: 'SIGKILL',
    args: [
      ...['server', 'start-dev', '--ip', loopback, '--port', String(port)],
      ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(options.stateFile ? ['--db-filename', resolve(options.stateFile)] : []),
      ...attributes.flatMap((key) => ['--search-attribute', `${key.name}=${cliTypeNames[key.type]}`]),
      ...fasterQueues,
      ...(options.extraArgs ?? []),
    ],
  });
  const address = `${loopback}:${port}`;
  const uiAddress = uiPort === null ? null : `http://${loopback}:${uiPort}`;
  await untilAnswering(server, address, attributes);
  options.log(`Temporal: serving ${address}${uiAddress === null ? '' : `, Web UI at ${uiAddress}`}`);
  return { address, uiAddress, namespace: 'default', stop: () => server.stop() };
}

const cliTypeNames: Record<SearchAttributeType, string> = {
  TEXT: 'Text',
  KEYWORD: 'Keyword',
  INT: 'Int',
  DOUBLE: 'Double',
  BOOL: 'Bool',
  DATETIME: 'Datetime',
  KEYWORD_LIST: 'KeywordList',
};

async function untilAnswering(server: GuardedProcess, address: string, attributes: AttributeKeys): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  const answered = (): Promise<boolean> => answers({ address, namespace: 'default', attributes, connectTimeoutMs: 1_000 });
  while (!(await Promise.race([answered(), server.exited.then(() => false)]))) {
    const silent = performance.now() > deadline;
    if (!silent && server.isRunning()) {
      await sleep(100);
      continue;
    }
    await server.stop();
    throw new TemporalUnavailableError(
      `the Temporal dev server ${silent ? `did not answer for ${startTimeoutMs / 1000} s` : `ended (${await server.exited})`} ` +
        `at ${address}. Its last output:\n${server.lastOutput()}`,
    );
  }
}

/** Whether the namespace takes requests (which comes later than the server's first answer) and knows the attributes. */
async function answers(where: { address: string; namespace: string; attributes: AttributeKeys; connectTimeoutMs: number }): Promise<boolean> {
  const { address, namespace, attributes, connectTimeoutMs } = where;
  const connection = await Connection.connect({ address, connectTimeout: connectTimeoutMs }).catch(() => null);
  if (connection === null) return false;
  try {
    await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
    if (attributes.length === 0) return true;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return attributes.every(({ name }) => name in customAttributes);
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

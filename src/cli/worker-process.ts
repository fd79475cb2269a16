import { Runtime } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { WorkerLogger } from '../worker/logger.js';

/** JSON lines on standard error, synchronous, so that the last one is out when the process ends. */
export function createLogger(level: 'info' | 'warn'): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } }, pino.destination({ dest: 2, sync: true }));
}

const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Once per process, before its first worker: Temporal's logs join ours, and signals are left to `toldToStop`. */
export function installRuntime(logger: Logger): void {
  Runtime.install({
    logger: new WorkerLogger('INFO', ({ level, message, meta }) => logger[pinoLevels[level]](meta ?? {}, message)),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}

const secondSignalExitCode = 1;

/** Resolves at the first SIGINT or SIGTERM. The second ends the process at once. */
export function toldToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false;
    const listener = (signal: NodeJS.Signals): void => {
      if (told) process.exit(secondSignalExitCode);
      told = true;
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, listener);
  });
}

import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** The user that a process runs as, where it can't be the current one. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

export interface GuardedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** What the guard sends when we died: the signal that ends the process at once without harming its data. */
  readonly abandonedSignal: 'SIGKILL' | 'SIGQUIT';
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: ProcessUser | null;
}

export interface GuardedProcess {
  readonly pid: number;
  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  readonly exited: Promise<number | string>;
  /** Whether the process is there still. */
  isRunning(): boolean;
  /** The last lines that the process wrote, for error messages. */
  lastOutput(): string;
  /** Sends SIGINT, which ends servers cleanly, and SIGKILL to what ignores it for ten seconds. */
  stop(): Promise<void>;
}

const stopTimeoutMs = 10_000;
const keptOutputCharacters = 4_000;

/**
 * Becomes the server (`exec`), after starting a guard in the background that outlives us. The guard holds the other end of file
 * descriptor 3. A line on it means that the server was stopped; its end without a line means that we died, in whatever way, so the
 * guard ends the server. This needs a POSIX shell only and has no moment in which the server runs unguarded.
 */
const guardScript = `
signal=$1; shift
(
  trap '' HUP INT QUIT TERM
  (
    if ! read -r _ <&3; then
      kill -s "$signal" $$ 2>/dev/null
      tries=0
      while kill -0 $$ 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
      kill -s KILL $$ 2>/dev/null
    fi
  ) </dev/null >/dev/null 2>&1 &
)
exec 3<&-
exec "$@"
`;

/**
 * Starts a server that never outlives this process: not after Ctrl-C, SIGTERM or SIGKILL. It gets a process group of its own, so that
 * a Ctrl-C in the terminal reaches this process alone, which then stops the server in its own order.
 */
export function startGuarded(options: GuardedProcessOptions): GuardedProcess {
  const child = spawn('/bin/sh', ['-c', guardScript, 'sh', options.abandonedSignal.slice(3), options.command, ...options.args], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...(options.env ? { env: options.env } : {}),
    ...(options.user ?? {}),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-keptOutputCharacters)));
  }
  const guardLine = child.stdio[3] as Writable;
  guardLine.on('error', () => undefined); // the guard is gone too, which is all that its line was for
  let running = true;
  const exited = new Promise<number | string>((resolve) => {
    const ended = (how: number | string): void => {
      running = false;
      guardLine.end('stopped\n');
      resolve(how);
    };
    child.once('exit', (code, signal) => ended(signal ?? code ?? 0));
    child.once('error', (error) => {
      output += error.message;
      ended(-1);
    });
  });
  return {
    pid: child.pid ?? -1,
    exited,
    isRunning: () => running,
    lastOutput: () => output.trim(),
    async stop() {
      if (running) child.kill('SIGINT');
      const timeout = new AbortController();
      const killer = sleep(stopTimeoutMs, undefined, { signal: timeout.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await exited;
      timeout.abort();
      await killer;
    },
  };
}

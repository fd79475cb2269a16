import cliProgress from 'cli-progress';
import type { SyncProgress } from '../contract/messages.js';

/** Shows how far a sync is, until stopped. */
export interface ProgressDisplay {
  show(progress: SyncProgress): void;
  stop(): void;
}

const stepWords = {
  preparing: 'preparing',
  diffing: 'comparing the model with what was delivered',
  replaying: 'taking up what was staged',
  staging: 'staging',
  loading: 'delivering',
  settling: 'settling',
} as const satisfies Record<SyncProgress['step'], string>;

/** A bar on a terminal, a line for each step anywhere else. Both on standard error. */
export function createProgressDisplay(asBar: boolean): ProgressDisplay {
  return asBar ? bar() : lines((line) => console.error(line));
}

function bar(): ProgressDisplay {
  // Ctrl-C ends the process at once, as everywhere else; so nothing may be hidden that would have to come back.
  const single = new cliProgress.SingleBar({
    format: (options, { progress }, payload: { total: number | null; value: number; step: string }) =>
      payload.total === null ? payload.step : `${barOf(options, progress)}  ${payload.value} of ${payload.total} records  ${payload.step}`,
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    clearOnComplete: true,
    barsize: 30,
  });
  single.start(1, 0, { total: null, value: 0, step: 'starting' });
  return {
    show: ({ step, toSend, processed }) => {
      single.setTotal(Math.max(toSend ?? 0, 1));
      single.update(processed, { total: toSend, value: processed, step: stepWords[step] });
    },
    stop: () => single.stop(),
  };
}

function barOf({ barsize = 30 }: cliProgress.Options, progress: number): string {
  const full = Math.round(Math.min(progress, 1) * barsize);
  return `[${'#'.repeat(full)}${'-'.repeat(barsize - full)}] ${String(Math.floor(Math.min(progress, 1) * 100)).padStart(3)}%`;
}

/** Tells each step once; exported apart from the bar because it needs no terminal. */
export function lines(print: (line: string) => void): ProgressDisplay {
  let told: SyncProgress['step'] | null = null;
  return {
    show: ({ step, toSend }) => {
      if (step === told) return;
      told = step;
      print(`${stepWords[step]}${step === 'loading' && toSend !== null ? ` ${toSend} records` : ''}`);
    },
    stop: () => undefined,
  };
}

import Mocha from 'mocha';

/** How many tests ended in which way. Of each that failed, for good or when it was first tried: its title and what went wrong. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly retried: readonly string[];
}

/** Mocha's usual report, and the outcome for the process that started mocha. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    process.once('disconnect', () => process.exit(1)); // who started us is gone
    process.channel?.unref();
    const retried: string[] = [];
    runner.on('retry', (test: Mocha.Test, error: unknown) => void retried.push(described(test, error)));
    runner.once('end', () => {
      const failures = this.failures.map((test) => described(test, test.err));
      const outcome: Outcome = { passed: this.stats.passes, failed: this.stats.failures, skipped: this.stats.pending, failures, retried };
      process.send?.(outcome);
    });
  }
}

function described(test: Mocha.Test, error: unknown): string {
  return `${test.fullTitle()}\n  ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
}

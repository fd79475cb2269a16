import Mocha from 'mocha';

/** How many tests ended in which way, and for each that failed its title and what went wrong. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** Mocha's usual report, and the outcome for the process that started mocha. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    process.once('disconnect', () => process.exit(1)); // who started us is gone
    process.channel?.unref();
    runner.once('end', () => {
      const failures = this.failures.map((test) => `${test.fullTitle()}\n  ${test.err?.stack ?? 'no reason given'}`);
      const outcome: Outcome = { passed: this.stats.passes, failed: this.stats.failures, skipped: this.stats.pending, failures };
      process.send?.(outcome);
    });
  }
}

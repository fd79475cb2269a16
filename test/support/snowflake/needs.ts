import { snowflakeAccount } from './account.js';
import { NoEmulatorError } from './server.js';

/** Installing what the emulator runs on is done once, by whoever needs it first. */
const firstTimeMs = 360_000;

/** Skips the tests of the suite it is called in where there is no Snowflake to talk to, and says why. */
export function needsSnowflake(): void {
  before(async function () {
    this.timeout(firstTimeMs);
    try {
      await snowflakeAccount();
    } catch (error) {
      if (!(error instanceof NoEmulatorError)) throw error;
      console.log(`      skipped: the tests on Snowflake's protocol need Python 3 with pip, for the packages in test/support/snowflake/requirements.txt (${error.message})`);
      this.skip();
    }
  });
}

import { sharedEmulator, type SnowflakeEmulator } from '../support/snowflake/server.js';
import { openSnowflake, type SnowflakeHarness } from './snowflake-harness.js';
import { benchOf, type Bench } from './warehouse-suite.js';

export interface Emulated {
  readonly emulator: SnowflakeEmulator;
  readonly harness: SnowflakeHarness;
  readonly bench: Bench;
}

/** For tests of what only the emulator shows: on a real account they are skipped. */
export async function openEmulated(context: Mocha.Context): Promise<Emulated> {
  if (process.env['SNOWFLAKE_TEST_ACCOUNT'] !== undefined) context.skip();
  const emulator = await sharedEmulator();
  const harness = await openSnowflake();
  return { emulator, harness, bench: benchOf(harness) };
}

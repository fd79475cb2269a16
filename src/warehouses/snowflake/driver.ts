import type * as driver from 'snowflake-sdk';
import { ConfigurationError } from '../../errors/errors.js';

export type Driver = typeof driver;

let loaded: Promise<Driver> | null = null;

/** The driver is loaded with the first Snowflake source that is used: it brings three clouds' clients, which other workers need not carry. @throws ConfigurationError where it isn't installed */
export function loadDriver(source: string): Promise<Driver> {
  loaded ??= (async () => {
    // Its own switches: at import it asks the metadata servers of three clouds where it runs, and prints which Node.js its clouds will want one day.
    process.env['SNOWFLAKE_DISABLE_PLATFORM_DETECTION'] ??= 'true';
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    const { default: snowflake } = (await imported(source)) as { default: Driver };
    // Its log holds statements, and so the data in them. What went wrong is in its errors.
    snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
    return snowflake;
  })();
  return loaded;
}

async function imported(source: string): Promise<unknown> {
  try {
    return await import('snowflake-sdk');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigurationError([`source "${source}" is of type snowflake, which needs its driver (${code}): run \`npm install snowflake-sdk@3.3.0\``]);
  }
}

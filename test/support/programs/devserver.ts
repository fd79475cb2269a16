/** Starts both servers, prints what they are, and stays: for tests that kill it. Usage: devserver.ts FOLDER */
import { join } from 'node:path';

import { startPostgres } from '../../../src/devserver/postgres.js';
import { defaultCacheFolder } from '../../../src/devserver/temporal-cli.js';
import { startTemporal } from '../../../src/devserver/temporal.js';

const folder = process.argv[2] ?? '.';
const log = (line: string): void => console.error(line);
const [postgres, temporal] = await Promise.all([
  startPostgres({ dataFolder: join(folder, 'postgres'), log }),
  startTemporal({ stateFile: join(folder, 'temporal.db'), port: 0, uiPort: 0, cacheFolder: defaultCacheFolder(), log }),
]);
console.log(JSON.stringify({ postgres: postgres.url, temporal: temporal.address }));

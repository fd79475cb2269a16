/** `memory-process.ts DATABASE-URL STAGING-FOLDER`: one first sync's extract. Tells its parent what memory it took. */
import { tellMemory } from '../memory.js';
import { SluiceExtract } from './sluice.js';

const [databaseUrl = '', stagingFolder = ''] = process.argv.slice(2);
const extract = new SluiceExtract({ databaseUrl, stagingFolder });
await extract.reset();
await extract.begin();
const atStart = process.memoryUsage.rss();
const { staged } = await extract.extract();
tellMemory(atStart, staged);
await extract.reset();

/** `memory-process.ts PLACES SYNC CHUNKS CONNECTIONS`, as JSON: the load of one sync that is staged already. Tells its parent what memory it took. */
import type { StepInput } from '../../activities/types.js';
import type { Places } from '../configuration.js';
import { tellMemory } from '../memory.js';
import { loadAll, stepsTo } from './staged.js';

const [places, sync, chunks, connections] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown) as [Places, StepInput, readonly number[], number]; // written by memory.ts
const steps = stepsTo(places);
const atStart = process.memoryUsage.rss();
tellMemory(atStart, await loadAll(steps, sync, chunks, connections));

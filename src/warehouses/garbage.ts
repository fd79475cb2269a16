import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes beyond those at the start of a stream at which garbage is collected. Left alone the collector waits for 64 MiB of buffers, and for twice the heap that it kept last time. */
const mostGarbage = 24 * 1024 * 1024;
/** Between two collections: others may rightly hold that much, and a collection stops everything. */
const rowsBetween = 16_384;

/** Keeps what a stream leaves behind it small: a driver's rows and their texts are garbage as soon as they are written down, and nothing calls for their collection. */
export class StreamGarbage {
  private readonly before = heldBytes();
  private rows = 0;

  /** Whether it should be collected, after so many rows more. */
  isDue(rows: number): boolean {
    this.rows += rows;
    if (this.rows < rowsBetween) return false;
    this.rows = 0;
    return heldBytes() - this.before > mostGarbage;
  }
}

function heldBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Takes some hundredths of a second. What stands for memory outside of JavaScript's is small, and lets go of it only when it is collected itself. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  await nextTurn(); // by then they are let go of
}

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own, that becomes full for real. */
export class SmallDisk {
  private constructor(readonly path: string) {}

  /** Makes the folder `path` a disk of `size` (256k). Null where that can't be done: it takes Linux and root. */
  static async mount(path: string, size: string): Promise<SmallDisk | null> {
    await mkdir(path, { recursive: true });
    return run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).then(() => new SmallDisk(path), () => null);
  }

  async resize(size: string): Promise<void> {
    await run('mount', ['-o', `remount,size=${size}`, this.path]);
  }

  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.path]);
  }
}

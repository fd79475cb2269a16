import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startGuarded, type GuardedProcess } from '../../src/devserver/guarded-process.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { Bucket } from '../../src/s3/bucket.js';
import type { S3Location } from '../../src/s3/location.js';
import { eventually } from './sluice.js';

const run = promisify(execFile);
/** Servers in npm's registry need a newer Node.js than Sluice, or don't know conditional writes. */
const packages = ['moto[s3]==5.2.1', 'flask==3.1.3', 'flask-cors==6.0.5'];
const program = fileURLToPath(new URL('programs/s3-server.py', import.meta.url));

interface SharedServer {
  readonly process: GuardedProcess;
  readonly endpoint: string;
}

let shared: Promise<SharedServer> | null = null;
let bucketsMade = 0;

/** A bucket of one's own on this test run's S3 server, which is started when the first test asks for it. */
export class TestBucket extends Bucket {
  private constructor(
    readonly location: S3Location,
    private readonly server: string,
  ) {
    super(location);
  }

  static async make(prefix = 'some/folder'): Promise<TestBucket> {
    shared ??= startServer();
    const { endpoint } = await shared;
    bucketsMade += 1;
    const bucket = `test-${bucketsMade}`;
    const answer = await fetch(`${endpoint}/${bucket}`, { method: 'PUT', headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' } });
    if (!answer.ok) throw new Error(`the S3 server answered ${answer.status} when a bucket was to be made`);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'not-a-secret' };
    return new TestBucket({ bucket, prefix, region: null, endpoint, forcePathStyle: true, credentials }, endpoint);
  }

  async keys(start = ''): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of this.list(start)) keys.push(key);
    return keys;
  }

  /** Makes objects look as if they had been written that long before. */
  age(start: string, ms: number): Promise<void> {
    return this.#control({ age: ms, prefix: `${this.location.prefix}/${start}` });
  }

  /** Has the next requests answered with an error. */
  refuse(status: number, code: string, times = 1_000_000): Promise<void> {
    return this.#control({ status, code, times });
  }

  /** Lets this many more objects be written whose keys begin so; the others wait until the returned function is called. */
  async hold(start: string, objects: number): Promise<() => Promise<void>> {
    await this.#control({ hold: `${this.location.prefix}/${start}`, objects });
    return () => this.#control({ let_go: true });
  }

  async #control(order: object): Promise<void> {
    await fetch(`${this.server}/control`, { method: 'POST', body: JSON.stringify({ ...order, bucket: this.location.bucket }) });
  }
}

export async function stopSharedS3(): Promise<void> {
  if (shared !== null) await (await shared).process.stop();
}

async function startServer(): Promise<SharedServer> {
  const server = startGuarded({ command: 'python3', args: [program], abandonedSignal: 'SIGKILL', env: { PATH: process.env['PATH'] ?? '', PYTHONPATH: await installed() } });
  const port = (): string | undefined => /^\d+/.exec(server.lastOutput())?.[0];
  await eventually('the S3 server starts', () => {
    if (!server.isRunning()) throw new Error(`the S3 server ended at once:\n${server.lastOutput()}`);
    return port() !== undefined;
  });
  return { process: server, endpoint: `http://127.0.0.1:${port() ?? ''}` };
}

/** The folder with the server's packages: fetched once for a machine, whole or not at all. */
async function installed(): Promise<string> {
  const folder = join(defaultCacheFolder(), 'moto-5.2.1');
  if (existsSync(folder)) return folder;
  await mkdir(defaultCacheFolder(), { recursive: true });
  const fetched = await mkdtemp(join(defaultCacheFolder(), 'fetching-'));
  try {
    const options = { timeout: 300_000, env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' } };
    await run('python3', ['-m', 'pip', 'install', '--target', fetched, '--only-binary', ':all:', '--no-input', '--quiet', ...packages], options);
    // Another test run may have been first.
    await rename(fetched, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
}

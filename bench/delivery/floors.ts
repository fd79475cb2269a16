import { Pool } from 'undici';
import { eachSlice, type Slices } from './slices.js';

/** Posts ready request bodies from a file over kept-alive connections, and does nothing else. */
export async function postBodies(url: string, bodies: Slices, connections: number): Promise<void> {
  await withPool(url, connections, (post) => eachSlice(bodies, connections, post));
}

/** A mapping of eight fields written out as code: parse, build, stringify. Nothing leaves. */
export async function mapLines(lines: Slices): Promise<void> {
  await eachSlice(lines, 1, (part) => void mapped(part));
}

/** The same, and posts what comes of it. */
export async function mapAndPost(url: string, lines: Slices, connections: number): Promise<void> {
  await withPool(url, connections, (post) => eachSlice(lines, connections, (part) => post(mapped(part))));
}

/** The fields that `mapped` builds, as a mapping for Sluice. */
export const eightFields = {
  externalId: { '@path': '$.__segment_id' },
  event: { '@path': '$.event' },
  email: { '@path': '$.properties.email' },
  name: { '@path': '$.properties.full_name' },
  company: { '@path': '$.properties.company' },
  plan: { '@path': '$.properties.plan' },
  revenue: { '@path': '$.properties.revenue' },
  updatedAt: { '@path': '$.properties.updated_at' },
} as const;

interface CustomerEvent {
  readonly event: string;
  readonly __segment_id: string;
  readonly properties: Readonly<Record<'email' | 'full_name' | 'company' | 'plan' | 'revenue' | 'updated_at', string | number | null>>;
}

function mapped(part: Buffer): Buffer {
  const events = part.toString('utf8').trimEnd().split('\n');
  const records = events.map((line) => {
    const { event, __segment_id: externalId, properties } = JSON.parse(line) as CustomerEvent;
    const { email, full_name: name, company, plan, revenue, updated_at: updatedAt } = properties;
    return { externalId, event, email, name, company, plan, revenue, updatedAt };
  });
  return Buffer.from(JSON.stringify(records));
}

async function withPool(url: string, connections: number, work: (post: (body: Buffer) => Promise<void>) => Promise<void>): Promise<void> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections });
  try {
    await work(async (body) => {
      const answer = await pool.request({ path: pathname, method: 'POST', headers: { 'content-type': 'application/json' }, body });
      if (answer.statusCode !== 200) throw new Error(`the receiver answered ${answer.statusCode}`);
      await answer.body.dump();
    });
  } finally {
    await pool.close();
  }
}

import { z } from 'zod';
import { RecordBatch } from '../../src/destinations/batch.js';
import type { MappedRecord } from '../../src/destinations/destination.js';
import { createSegmentDestination } from '../../src/destinations/segment/segment.js';
import { Saas, segmentConfig, type SaasAnswer } from '../support/segment.js';
import type { AnsweringHarness } from './destination-suite.js';

const update = z.object({ users: z.array(z.object({ userId: z.string(), dataFields: z.object({ record: z.object({ event: z.string(), properties: z.unknown() }) }) })) });

/** A mapping for Iterable, whose users take any fields: each has the event that it was sent last. */
const mapped = ({ event }: MappedRecord): MappedRecord => ({ event, body: { userId: event.__segment_id, dataFields: { record: { ...event } } } });

export async function openSegment(timeoutMs: number): Promise<AnsweringHarness> {
  const saas = await Saas.start();
  const users = new Map<string, unknown>();
  let refused: ReadonlySet<string> = new Set();
  let isLetIn = true;
  let mishap: SaasAnswer | 'lose_answer' | null = null;
  saas.answer = ({ method, body }) => {
    const now = mishap;
    mishap = null;
    if (!isLetIn) return { status: 401 };
    if (now !== null && now !== 'lose_answer') return now;
    if (method === 'GET') return { status: 200 };
    const sent = update.parse(body).users;
    if (sent.some(({ userId }) => refused.has(userId))) return { status: 400 };
    for (const { userId, dataFields: { record } } of sent) {
      if (record.event === 'deleted') users.delete(userId);
      else users.set(userId, record.properties);
    }
    return now === null ? { status: 200 } : 'break';
  };
  const iterable = createSegmentDestination('crm', segmentConfig('iterable', 'updateUser', { settings: { apiKey: 'k3y-of-the-account', dataCenterLocation: 'united_states' }, timeoutMs }));
  return {
    destination: { ...iterable, deliver: (batch, signal) => iterable.deliver(new RecordBatch(batch, batch.records.map(mapped)), signal) },
    state: () => Promise.resolve(users),
    failNextAttempt: () => {
      mishap = { status: 503 };
    },
    loseNextAnswer: () => {
      mishap = 'lose_answer';
    },
    ignoreNextAttempt: () => {
      mishap = 'silence';
    },
    refuseCredentials: () => {
      isLetIn = false;
    },
    refuseRecords: (ids) => {
      refused = ids;
    },
    close: async () => {
      await iterable.close();
      await saas.close();
    },
  };
}

import type { EventArray } from '../domain/events.js';
import type { BatchPlace, LentBatch, MappedRecord } from './destination.js';

/** Which sync, and where in it. */
export type BatchOrigin = Pick<LentBatch, 'subscriptionId' | 'syncNumber' | 'place'>;

/** A batch that makes each form of its records when it is first asked for, because most destinations want one of them only. */
export class RecordBatch implements LentBatch {
  readonly subscriptionId: string;
  readonly syncNumber: number;
  readonly place: BatchPlace | null;
  #bodies: readonly Buffer[] | null = null;
  #records: readonly MappedRecord[] | null = null;

  /** @param content the events as they were staged, where no mapping has anything to do */
  constructor(
    origin: BatchOrigin,
    private readonly content: EventArray | readonly MappedRecord[],
  ) {
    this.subscriptionId = origin.subscriptionId;
    this.syncNumber = origin.syncNumber;
    this.place = origin.place;
  }

  get size(): number {
    return 'json' in this.content ? this.content.size : this.content.length;
  }

  get bodies(): readonly Buffer[] {
    this.#bodies ??= 'json' in this.content ? this.content.views() : this.content.map(({ body }) => Buffer.from(JSON.stringify(body)));
    return this.#bodies;
  }

  get json(): Buffer {
    return 'json' in this.content ? this.content.json : Buffer.from(JSON.stringify(this.content.map(({ body }) => body)));
  }

  get records(): readonly MappedRecord[] {
    this.#records ??= 'json' in this.content ? this.content.parse().map((event) => ({ event, body: event })) : this.content;
    return this.#records;
  }

  copy(): RecordBatch {
    return new RecordBatch(this, 'json' in this.content ? this.content.copy() : this.content);
  }

  /** Some of its records, by their places in it. */
  part(indexes: readonly number[]): RecordBatch {
    const place = this.place === null ? null : { chunk: this.place.chunk, lines: pick(this.place.lines, indexes) };
    const origin = { subscriptionId: this.subscriptionId, syncNumber: this.syncNumber, place };
    return new RecordBatch(origin, 'json' in this.content ? this.content.pick(indexes) : pick(this.content, indexes));
  }
}

function pick<T>(items: readonly T[], indexes: readonly number[]): T[] {
  return indexes.flatMap((index) => items[index] ?? []);
}

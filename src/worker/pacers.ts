import { randomUUID } from 'node:crypto';
import { rateOffice } from '../../activities/rate-office.js';
import type { DestinationLimits } from '../destinations/destination.js';
import { createPacer, type Pacer } from '../destinations/pacer.js';
import { Pause } from '../destinations/pause.js';
import type { Subscription } from '../domain/subscription.js';

/** The pacers of one worker: one for each subscription and destination, with one pause for each destination. */
export class Pacers {
  private readonly worker = randomUUID();
  private readonly pacers = new Map<string, Pacer>();
  private readonly pauses = new Map<string, Pause>();

  constructor(private readonly workspaceId: string) {}

  of({ id, destination }: Subscription, { rateLimit, batchSize }: DestinationLimits): Pacer {
    const key = `${id}/${destination}`;
    const known = this.pacers.get(key);
    if (known !== undefined) return known;
    const office = rateOffice(this.workspaceId, destination);
    const pause = this.pauses.get(destination) ?? new Pause(() => office.pausedMs());
    const pacer = createPacer({ limit: rateLimit, batchSize, subscriptionId: id, holder: `${id}/${this.worker}`, office, pause });
    this.pauses.set(destination, pause);
    this.pacers.set(key, pacer);
    return pacer;
  }
}

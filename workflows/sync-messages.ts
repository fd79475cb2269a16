import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { messageNames, type SubscriptionStatus, type SyncRequest, type SyncRequestAnswer } from '../src/contract/messages.js';
import type { QuotaNotice } from '../src/domain/quota-hold.js';
import type { SyncResult } from '../src/domain/sync.js';
import { showStatus } from './visibility.js';

const requestSyncUpdate = defineUpdate<SyncRequestAnswer, [SyncRequest?]>(messageNames.requestSync);
const syncNowSignal = defineSignal(messageNames.syncNow);
const pauseSignal = defineSignal(messageNames.pause);
const resumeSignal = defineSignal(messageNames.resume);
const cancelSyncSignal = defineSignal(messageNames.cancelSync);
const resetSyncSignal = defineSignal(messageNames.resetSync);
const replaySyncSignal = defineSignal<[unknown]>(messageNames.replaySync);
const configureSignal = defineSignal<[unknown]>(messageNames.configure);
const quotaNoticeSignal = defineSignal<[QuotaNotice]>(messageNames.quotaNotice);
const statusQuery = defineQuery<SubscriptionStatus>(messageNames.status);
const historyQuery = defineQuery<readonly SyncResult[]>(messageNames.history);

/** What a subscription does when a message reaches its workflow. */
export interface Addressee {
  request(request: SyncRequest): Promise<SyncRequestAnswer>;
  signalled(request: SyncRequest): Promise<void>;
  pause(): void;
  resume(): void;
  cancel(): void;
  reset(): void;
  heed(notice: QuotaNotice): void;
  configure(configuration: unknown): void;
  status(): SubscriptionStatus;
  history(): readonly SyncResult[];
  /** After each signal has been taken: what comes next may be another thing now. */
  onHeard(): void;
}

/** Hands a SyncWorkflow's messages to its subscription. Make it before the first await, so that none comes too early. */
export function listen(subscription: Addressee): void {
  const shown = (): void => {
    subscription.onHeard();
    showStatus(subscription.status());
  };
  const onSignal = (signal: ReturnType<typeof defineSignal>, description: string, take: () => void | Promise<void>): void => {
    const handle = async (): Promise<void> => {
      await take();
      shown();
    };
    setHandler(signal, handle, { description });
  };
  setHandler(requestSyncUpdate, (request) => subscription.request(request ?? {}), { description: 'Ask for a sync; answers with a request number, or with the reason of a refusal' });
  onSignal(syncNowSignal, 'Start a sync now; a refusal shows in status', () => subscription.signalled({}));
  onSignal(pauseSignal, 'Start no sync until resume; one under way goes on', () => subscription.pause());
  onSignal(resumeSignal, 'End a pause; what became due meanwhile starts at once', () => subscription.resume());
  onSignal(cancelSyncSignal, 'Cancel the sync under way; what was acknowledged is kept', () => subscription.cancel());
  onSignal(resetSyncSignal, 'Forget what was acknowledged, after the sync under way: the next one sends everything', () => subscription.reset());
  const replay = async (sync: unknown): Promise<void> => {
    await subscription.signalled({ replay: typeof sync === 'number' ? sync : String(sync) });
    shown();
  };
  setHandler(replaySyncSignal, replay, { description: 'Send again what a past sync staged, as a sync of its own: its number or its id; a refusal shows in status' });
  const heed = (notice: QuotaNotice): void => {
    subscription.heed(notice);
    shown();
  };
  setHandler(quotaNoticeSignal, heed, { description: 'From the ledger: wait for quota, or go on' });
  const configure = (configuration: unknown): void => {
    subscription.configure(configuration);
    subscription.onHeard();
  };
  setHandler(configureSignal, configure, { description: 'Replace the subscription, from the next sync on' });
  setHandler(statusQuery, () => subscription.status(), { description: 'State, next and last sync' });
  setHandler(historyQuery, () => subscription.history(), { description: 'The latest syncs, newest first' });
}

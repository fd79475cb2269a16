import { defineSearchAttributeKey } from '@temporalio/common';

/** What the Web UI lists and filters by. A namespace has ten keywords and three numbers to give; these take four and two. Times are none of both. */
export const searchAttributes = {
  subscription: defineSearchAttributeKey('SluiceSubscription', 'KEYWORD'),
  model: defineSearchAttributeKey('SluiceModel', 'KEYWORD'),
  destination: defineSearchAttributeKey('SluiceDestination', 'KEYWORD'),
  status: defineSearchAttributeKey('SluiceStatus', 'KEYWORD'),
  processed: defineSearchAttributeKey('SluiceProcessed', 'INT'),
  failed: defineSearchAttributeKey('SluiceFailed', 'INT'),
  /** Until when the quota holds a subscription; not there while it doesn't. */
  pausedUntil: defineSearchAttributeKey('SluicePausedUntil', 'DATETIME'),
} as const;

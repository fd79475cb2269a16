interface PendingActivity {
  readonly activityType?: { readonly name?: string | null } | null;
  readonly heartbeatDetails?: { readonly payloads?: readonly { readonly data?: Uint8Array | null }[] | null } | null;
}

/** Records that running load activities have processed, by their heartbeats. */
export function processedUnderWay(activities: readonly PendingActivity[]): number {
  let processed = 0;
  for (const { heartbeatDetails, activityType } of activities) {
    const data = heartbeatDetails?.payloads?.[0]?.data;
    // A heartbeat without details is an empty payload.
    if (activityType?.name !== 'loadChunk' || !data?.length) continue;
    const details = JSON.parse(Buffer.from(data).toString()) as { readonly processed?: number } | null; // written by our own activities
    processed += details?.processed ?? 0;
  }
  return processed;
}

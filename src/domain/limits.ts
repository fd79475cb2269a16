/** The source document's limits ("Limits"): configuration and extract. Sizes are bytes of UTF-8 JSON. */
export const limits = {
  queryCharacters: 65_535,
  identifierCharacters: 191,
  timestampCharacters: 191,
  minutesBetweenSyncs: 15,
  recordsPerSync: 150_000_000,
  columns: 512,
  columnNameCharacters: 128,
  recordBytes: 512 * 1024,
  valueBytes: 128 * 1024,
} as const;

export const subscriptionIdPattern = /^[a-z][a-z0-9_]{0,47}$/;

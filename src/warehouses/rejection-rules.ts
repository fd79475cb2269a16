/** Most samples that one sync keeps of what it rejected. */
export const maxSamples = 1000;

/** A record id has to fit into an index entry, which PostgreSQL limits to 2,704 bytes; the same limit everywhere lets a model move. */
export const identifierBytes = 2_000;

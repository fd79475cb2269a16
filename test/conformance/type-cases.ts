/** A value in the warehouse's own syntax, and what a destination gets for it where a document says so. No two of a type read the same. */
export type Sample = readonly [text: string] | readonly [text: string, json: unknown];

export interface TypeCase {
  readonly type: string;
  readonly samples: readonly Sample[];
  /** The texts are SQL, not what the type reads. */
  readonly made?: boolean;
  /** How many of the samples read as another one does, though they are of another kind. */
  readonly alike?: number;
}

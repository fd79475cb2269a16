/** What one extract found and staged. */
export interface Extraction {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  readonly staged: number;
}

/** One way to find what changed in `customers` and to stage it in files. */
export interface Contender {
  readonly name: string;
  /** Forgets everything: the next extract is a first one. */
  reset(): Promise<void>;
  /** What comes before an extract and isn't part of it. */
  begin(): Promise<void>;
  /** From the model to staged files; null from one that doesn't tell what it found. Leaves no connection open. */
  extract(): Promise<Extraction | null>;
  /** Bytes of the events that it staged, each with its version and one byte behind it; not measured. */
  stagedBytes(): Promise<number>;
  /** Declares all of it delivered; not measured. */
  acknowledge(): Promise<void>;
  /** Brings the state up to date. Leaves no connection open. */
  settle(): Promise<void>;
  /** Bytes of the state that is kept between two syncs, indexes included. */
  stateBytes(): Promise<number>;
}

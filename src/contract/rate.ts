import type { RateState } from '../domain/rate-book.js';

/** What starts a RateWorkflow. */
export interface RateWorkflowInput {
  readonly destination: string;
  /** Carried over continue-as-new; absent at the first start. */
  readonly carried?: RateState;
}

/** A signal: the destination asked to be left alone. */
export interface RatePause {
  /** From when the workflow hears of it, in ms. */
  readonly ms: number;
}

/** A signal: someone sends nothing any more. */
export interface RateRelease {
  readonly holder: string;
  /** What it has sent lately, in records. */
  readonly recent: number;
}

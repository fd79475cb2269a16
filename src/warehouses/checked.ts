import type { CheckItem } from '../contract/reports.js';
import { SluiceError } from '../errors/errors.js';

/** One item of a check: what a source says no to is its problem, and the check goes on. */
export async function checked(what: string, problem: () => Promise<string | null>): Promise<CheckItem> {
  try {
    return { what, problem: await problem() };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { what, problem: error.message };
  }
}

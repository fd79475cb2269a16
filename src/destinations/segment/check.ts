import type { CheckItem } from '../../contract/reports.js';
import type { JsonObject } from '../../domain/subscription.js';
import { NoAnswerError, within } from '../within.js';
import type { Definition, Runner } from './package.js';

/**
 * What can be known of an account without a record: its settings, which were checked when the destination was made, and what the destination's own test of its credentials says.
 * Not of OAuth tokens: that test takes an expired one for a wrong one, where a delivery refreshes it.
 */
export async function checkAccount(definition: Definition, runner: Runner, settings: JsonObject, timeoutMs: number, reasonOf: (words: string) => string, signal: AbortSignal): Promise<readonly CheckItem[]> {
  const { scheme, testAuthentication } = definition.authentication ?? {};
  if (testAuthentication === undefined || scheme === 'oauth2' || scheme === 'oauth-managed') {
    return [{ what: 'takes its settings; whether it lets Sluice in shows with the first record', problem: null }];
  }
  const problemOf = async (): Promise<string | null> => {
    try {
      await within(timeoutMs, signal, () => runner.testAuthentication({ oauth: {}, ...settings }));
      return null;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NoAnswerError) return 'it did not answer in time';
      // The package says so of everything that went wrong.
      return reasonOf((error instanceof Error ? error.message : typeof error).replace(/^Credentials are invalid:\s*/, ''));
    }
  };
  return [{ what: 'takes its settings', problem: null }, { what: 'lets Sluice in, as its own test of the credentials says', problem: await problemOf() }];
}

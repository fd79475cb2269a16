import type { Change } from '../client/plan.js';
import { printJson, tableText } from './output.js';
import type { Settings } from './settings.js';

type Words = Readonly<Record<Change['kind'], string>>;

export const planned: Words = { start: 'would start', configure: 'would be configured', disable: 'would be disabled', unchanged: 'unchanged' };
export const done: Words = { start: 'started', configure: 'configured', disable: 'disabled', unchanged: 'unchanged' };

/** What happens to one subscription; a configured one with the fields that change. */
export function changeText(change: Change, words: Words): string {
  return change.kind === 'configure' ? `${words.configure} (${change.fields.join(', ')})` : words[change.kind];
}

/** Prints what `plan` found or `apply` did: one line for each subscription, or an array of changes. */
export function printChanges(changes: readonly Change[], words: Words, { json }: Settings): void {
  if (json) return printJson(changes);
  if (changes.length === 0) return console.log('the configuration has no subscriptions, and none run');
  const rows = changes.map((change) => [change.subscriptionId, changeText(change, words)]);
  console.log(tableText([{ title: 'subscription' }, { title: 'change' }], rows));
}

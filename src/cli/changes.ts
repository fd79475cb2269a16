import type { Change } from '../client/plan.js';
import { printJson, tableText } from './output.js';
import type { Settings } from './settings.js';

type Words = Readonly<Record<Change['kind'], string>>;

export const planned: Words = { start: 'would start', configure: 'would be configured', disable: 'would be disabled', terms: 'would be changed', unchanged: 'unchanged' };
export const done: Words = { start: 'started', configure: 'configured', disable: 'disabled', terms: 'changed', unchanged: 'unchanged' };

/** What happens to a subscription or to the workspace's terms, with the fields that change. */
export function changeText(change: Change, words: Words): string {
  return change.kind === 'configure' || change.kind === 'terms' ? `${words[change.kind]} (${change.fields.join(', ')})` : words[change.kind];
}

/** What a change is about: a subscription's id, or the workspace. */
export function subjectOf(change: Change): string {
  return change.kind === 'terms' ? `workspace ${change.workspaceId}` : change.subscriptionId;
}

/** Prints what `plan` found or `apply` did: one line for each subscription, or an array of changes. */
export function printChanges(changes: readonly Change[], words: Words, { json }: Settings): void {
  if (json) return printJson(changes);
  if (changes.length === 0) return console.log('the configuration has no subscriptions, and none run');
  const rows = changes.map((change) => [subjectOf(change), changeText(change, words)]);
  console.log(tableText([{ title: 'subscription' }, { title: 'change' }], rows));
}

import type { Change } from '../client/plan.js';
import { printJson, tableText } from './output.js';
import type { Settings } from './settings.js';

type Words = Record<Change['kind'], string>;

/** Prints what `plan` found or `apply` did: one line for each subscription, or an array of changes. */
export function printChanges(changes: readonly Change[], words: Words, { json }: Settings): void {
  if (json) return printJson(changes);
  if (changes.length === 0) return console.log('the configuration has no subscriptions, and none run');
  const rows = changes.map((change) => [change.subscriptionId, `${words[change.kind]}${change.kind === 'configure' ? ` (${change.fields.join(', ')})` : ''}`]);
  console.log(tableText([{ title: 'subscription' }, { title: 'change' }], rows));
}

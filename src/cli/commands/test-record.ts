import type { Command } from 'commander';
import type { TestedRecord } from '../../worker/test-record.js';
import { exitCodes } from '../failure.js';
import { entryOf } from '../named-entry.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { withAdapters } from '../with-adapters.js';

interface Options {
  readonly id?: string;
  readonly send?: boolean;
}

export function addTestRecord(program: Command): void {
  program
    .command('test-record')
    .summary('show one record before and after the mapping, and send it if told to')
    .description('Show one record of a subscription as an event, and as the destination would get it. --send really sends it, once, as `new`; no state, no usage and no later sync changes by that.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--id <id>', 'the id of the record; any one unless told')
    .option('--send', 'send it to the destination')
    .addHelpText('after', '\nExample: sluice test-record customers_to_crm --id 42 --send')
    .action(async (subscriptionId: string, options: Options, command: Command) => testRecord(subscriptionId, options, settingsOf(command)));
}

async function testRecord(subscriptionId: string, { send = false, ...id }: Options, settings: Settings): Promise<void> {
  const tested = await withAdapters(settings, async (adapters, { subscriptions }) => {
    const subscription = entryOf(subscriptions, settings, 'subscription', subscriptionId);
    const worker = await import('../../worker/test-record.js');
    return worker.testRecord(adapters, subscription, { ...id, send });
  });
  const [event, mapped] = [tested.event, tested.mapped].map((document) => JSON.parse(document.toString('utf8')) as unknown);
  if (settings.json) printJson({ subscriptionId, event, mapped, answer: tested.answer });
  else console.log([`the record:\n${pretty(event)}`, `as the destination gets it:\n${pretty(mapped)}`, ...said(tested.answer)].join('\n\n'));
  if (tested.answer !== null && tested.answer.kind !== 'delivered') process.exitCode = exitCodes.failed;
}

function said(answer: TestedRecord['answer']): readonly string[] {
  if (answer === null) return [];
  if (!('reason' in answer)) return ['the destination took it'];
  const mayHaveIt = 'sent' in answer && answer.sent;
  return [`${mayHaveIt ? 'no answer came, so the destination may have taken it' : 'the destination did not take it'}: ${answer.reason}`];
}

function pretty(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

import type { Command } from 'commander';
import type { SluiceClient } from '../../client/client.js';
import type { SyncResult } from '../../domain/sync.js';
import { RefusedError } from '../../errors/errors.js';
import { exitCodes } from '../failure.js';
import { checkSubscription } from '../known-subscriptions.js';
import { printJson } from '../output.js';
import { createProgressDisplay } from '../progress.js';
import { settingsOf, type Settings } from '../settings.js';
import { resultText } from '../sync-report.js';
import { withClient } from '../with-client.js';

interface SyncOptions {
  readonly wait?: true;
  readonly full?: true;
}

export function addSync(program: Command): void {
  program
    .command('sync')
    .summary('start a sync now')
    .description('Start a sync now. With --wait, exit with 0 only if it succeeded.')
    .argument('<subscription>', 'the id of the subscription')
    .option('--wait', 'show progress, and end with the result of the sync')
    .option('--full', 'compare the whole model, even where its timestamp column would allow less')
    .addHelpText('after', '\nExample: sluice sync customers_to_crm --wait')
    .action(async (subscriptionId: string, options: SyncOptions, command: Command) => sync(subscriptionId, options, settingsOf(command)));
}

async function sync(subscriptionId: string, { wait, full }: SyncOptions, settings: Settings): Promise<void> {
  await checkSubscription(settings, subscriptionId);
  await withClient(settings, async (client) => {
    const answer = await client.requestSync(subscriptionId, full === true ? { full } : {});
    if (!answer.accepted) throw new RefusedError(answer.reason);
    if (wait === true) printResult(await waited(client, subscriptionId, answer.request, settings), settings);
    else if (settings.json) printJson({ subscriptionId, ...answer });
    else console.log(`a sync of ${subscriptionId} was accepted; see it with \`sluice status ${subscriptionId}\``);
  });
}

async function waited(client: SluiceClient, subscriptionId: string, request: number, { json }: Settings): Promise<SyncResult> {
  const display = createProgressDisplay(process.stderr.isTTY && !json);
  try {
    return await client.waitForSync(subscriptionId, request, (progress) => display.show(progress));
  } finally {
    display.stop();
  }
}

function printResult(result: SyncResult, { json }: Settings): void {
  if (json) printJson(result);
  else console.log(resultText(result));
  if (result.status !== 'succeeded') process.exitCode = exitCodes.failed;
}

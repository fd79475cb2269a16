import type { Command } from 'commander';
import { loadConfiguration } from '../../config/index.js';
import type { UsageView } from '../../contract/quota.js';
import { NoWorkerError } from '../../errors/errors.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { usageText } from '../usage-report.js';
import { withAdapters } from '../with-adapters.js';
import { withClient } from '../with-client.js';

export function addUsage(program: Command): void {
  program
    .command('usage')
    .summary('show what was processed, and what the plan leaves')
    .description('Show the records processed in this billing cycle, by destination and subscription, what the plan leaves, and the last twelve cycles. Without a worker all is counted from the warehouses.')
    .addHelpText('after', '\nExample: sluice usage --json')
    .action(async (_options: unknown, command: Command) => usage(settingsOf(command)));
}

async function usage(settings: Settings): Promise<void> {
  const { workspace } = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  const view = await withClient(settings, (client) => client.usage(workspace.id)).catch((error: unknown) => counted(settings, error));
  if (settings.json) printJson(view);
  else console.log(usageText(view));
}

/** Without a worker the ledger can't answer, but the state tables hold all that a new one would go by. */
async function counted(settings: Settings, error: unknown): Promise<UsageView> {
  if (!(error instanceof NoWorkerError)) throw error;
  console.error('no worker answered: counted from the state tables, by the plan of this configuration');
  return withAdapters(settings, async (adapters, { workspace }) => {
    const { usageFromTables } = await import('../../worker/usage.js');
    return usageFromTables(adapters, workspace);
  });
}

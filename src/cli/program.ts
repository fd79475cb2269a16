import { Command, Option } from 'commander';
import { addApply } from './commands/apply.js';
import { addCancel } from './commands/cancel.js';
import { addCheck } from './commands/check.js';
import { addDestinations } from './commands/destinations.js';
import { addDev } from './commands/dev.js';
import { addDiff } from './commands/diff.js';
import { addFailures } from './commands/failures.js';
import { addGrants } from './commands/grants.js';
import { addHistory } from './commands/history.js';
import { addHook } from './commands/hook.js';
import { addPause } from './commands/pause.js';
import { addPlan } from './commands/plan.js';
import { addPreview } from './commands/preview.js';
import { addReplay } from './commands/replay.js';
import { addReset } from './commands/reset.js';
import { addResume } from './commands/resume.js';
import { addStatus } from './commands/status.js';
import { addSync } from './commands/sync.js';
import { addTestRecord } from './commands/test-record.js';
import { addUsage } from './commands/usage.js';
import { addValidate } from './commands/validate.js';
import { addWorker } from './commands/worker.js';
import { version } from './version.js';

const exitCodes = `
Exit codes: 0 done, 1 the operation failed, 2 wrong usage or configuration, 3 Temporal or the warehouse can't be reached.
Example:    sluice apply && sluice sync customers_to_crm --wait`;

/** The whole command line. Its parse methods throw CommanderError for usage errors, help and version, after printing what they say. */
export function createProgram(): Command {
  const program = new Command('sluice')
    .description('Sends what changed in a data warehouse to the tools a business works with, and accounts for every record.')
    .version(version(), '-V, --version', 'print the version')
    .option('-c, --config <file>', 'the configuration', 'sluice.yaml')
    .addOption(new Option('--address <host:port>', 'the Temporal server').env('TEMPORAL_ADDRESS').default('127.0.0.1:7233'))
    .addOption(new Option('--namespace <name>', 'the Temporal namespace').env('TEMPORAL_NAMESPACE').default('default'))
    .option('--json', 'print the result as one JSON document; logs and errors go to standard error')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exitCodes)
    .exitOverride();
  // The subcommands take over the settings above, so they are added last. This is the order of the help.
  const add = [addDev, addWorker, addValidate, addDestinations, addHook, addCheck, addGrants, addPreview, addTestRecord, addPlan, addApply, addSync, addPause, addResume, addCancel, addReset, addReplay, addDiff, addStatus, addHistory, addFailures, addUsage];
  for (const addCommand of add) addCommand(program);
  return program;
}

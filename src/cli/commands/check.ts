import type { Command } from 'commander';
import type { CheckItem } from '../../contract/reports.js';
import type { Configuration } from '../../config/index.js';
import type { Adapters } from '../../worker/adapters.js';
import { WarehouseRefusedError } from '../../errors/errors.js';
import { exitCodes } from '../failure.js';
import { entryOf } from '../named-entry.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { warehouseOf, withAdapters } from '../with-adapters.js';

export function addCheck(program: Command): void {
  program
    .command('check')
    .summary('test the connection of a source or destination, and every permission it needs')
    .description('Try what syncs need of a source (and its models) or of a destination, and undo it. Sends no record. Exits with 1 when something is missing.')
    .argument('<source-or-destination>', 'its name in the configuration')
    .addHelpText('after', '\nExample: sluice check warehouse && sluice check crm')
    .action(async (name: string, _options: unknown, command: Command) => check(name, settingsOf(command)));
}

async function check(name: string, settings: Settings): Promise<void> {
  const items = await withAdapters(settings, (adapters, configuration) => {
    entryOf({ ...configuration.sources, ...configuration.destinations }, settings, 'source or destination', name);
    return itemsOf(name, adapters, configuration);
  });
  if (settings.json) printJson({ name, ok: items.every(({ problem }) => problem === null), checks: items });
  else for (const { what, problem } of items) console.log(problem === null ? `ok       ${what}` : `problem  ${what}: ${problem}`);
  if (items.some(({ problem }) => problem !== null)) process.exitCode = exitCodes.failed;
}

/** A source and a destination may share a name; then both are checked. */
async function itemsOf(name: string, adapters: Adapters, { sources, models }: Configuration): Promise<readonly CheckItem[]> {
  const { signal } = new AbortController();
  const ofSource = Object.hasOwn(sources, name) ? await warehouseOf(adapters, name).checkAccess(Object.values(models).filter(({ source }) => source === name), signal).catch(refusedConnection) : [];
  const ofDestination = await adapters.destination(name)?.check?.(signal);
  return [...ofSource, ...(ofDestination ?? [])];
}

/** Without a connection nothing else can be said of a source. One where nobody answers at all ends the command by its own exit code. */
function refusedConnection(error: unknown): readonly CheckItem[] {
  if (!(error instanceof WarehouseRefusedError)) throw error;
  return [{ what: 'connects', problem: error.message }];
}

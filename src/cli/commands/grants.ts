import type { Command } from 'commander';
import { entryOf } from '../named-entry.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { warehouseOf, withAdapters } from '../with-adapters.js';

export function addGrants(program: Command): void {
  program
    .command('grants')
    .summary('print the least SQL grants that a source needs')
    .description('Find out what the models of a source read, and print the statements that let its role read just that and keep the state. Run them as an owner. Changes nothing.')
    .argument('<source>', 'its name in the configuration')
    .addHelpText('after', '\nExample: sluice grants warehouse > grants.sql')
    .action(async (source: string, _options: unknown, command: Command) => grants(source, settingsOf(command)));
}

async function grants(source: string, settings: Settings): Promise<void> {
  const statements = await withAdapters(settings, (adapters, { sources, models }) => {
    entryOf(sources, settings, 'source', source);
    return warehouseOf(adapters, source).grants(Object.values(models).filter((model) => model.source === source), new AbortController().signal);
  });
  if (settings.json) printJson({ source, statements });
  else console.log(statements.join('\n'));
}

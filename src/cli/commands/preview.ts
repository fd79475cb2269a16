import type { Command } from 'commander';
import type { JsonObject } from '../../domain/subscription.js';
import { entryOf } from '../named-entry.js';
import { printJson, shortText, tableText } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { warehouseOf, withAdapters } from '../with-adapters.js';

/** As many as CONTRACT ("The command `sluice`") has it. */
const limit = 10;

export function addPreview(program: Command): void {
  program
    .command('preview')
    .summary('show the first records of a model')
    .description(`Run a model's query in the warehouse and show ${limit} of its records, with the columns and their types. Changes nothing.`)
    .argument('<model>', 'the name of the model')
    .addHelpText('after', '\nExample: sluice preview customers --json')
    .action(async (model: string, _options: unknown, command: Command) => preview(model, settingsOf(command)));
}

async function preview(name: string, settings: Settings): Promise<void> {
  const { columns, records } = await withAdapters(settings, (adapters, { models }) => {
    const model = entryOf(models, settings, 'model', name);
    return warehouseOf(adapters, model.source).sampleModel(model, { limit }, new AbortController().signal);
  });
  // Written by the warehouse adapter, which writes objects.
  const rows = records.map(({ properties }) => JSON.parse(properties) as JsonObject);
  if (settings.json) printJson({ model: name, columns, records: rows });
  else console.log([columnsText(columns), '', rows.length === 0 ? 'it has no records now' : recordsText(columns, rows)].join('\n'));
}

function columnsText(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return tableText([{ title: 'column' }, { title: 'type' }], columns.map(({ name, type }) => [name, type]));
}

function recordsText(columns: readonly { readonly name: string }[], rows: readonly JsonObject[]): string {
  return tableText(columns.map(({ name }) => ({ title: shortText(name) })), rows.map((row) => columns.map(({ name }) => shortText(row[name] ?? null))));
}

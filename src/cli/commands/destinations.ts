import type { Command } from 'commander';
import { stringify } from 'yaml';
import { ConfigurationError } from '../../errors/errors.js';
import type { ListedDestination, ListedField, Preset } from '../../worker/segment-catalogue.js';
import { printJson, tableText } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';

interface DestinationsOptions {
  readonly preset?: string;
}

export function addDestinations(program: Command): void {
  program
    .command('destinations')
    .summary("list Segment's destinations, or show one")
    .description("List the destinations that `type: segment` can send to, with their actions; or show one with its settings, and the fields and sync modes of its actions. Needs Segment's package, and nothing else.")
    .argument('[slug]', 'the destination to show')
    .option('--preset <name>', 'print a mapping to start from: the key of an action, or the name of one of the presets')
    .addHelpText('after', '\nExample: sluice destinations klaviyo --preset upsertProfile')
    .action(async (slug: string | undefined, options: DestinationsOptions, command: Command) => destinations(slug, options, settingsOf(command)));
}

async function destinations(slug: string | undefined, { preset }: DestinationsOptions, { json }: Settings): Promise<void> {
  const { listSegmentDestinations } = await import('../../worker/segment-catalogue.js');
  const listed = listSegmentDestinations(slug);
  const [first] = listed;
  if (preset !== undefined) {
    if (slug === undefined || first === undefined) throw new ConfigurationError(['--preset is about one destination: name it']);
    const found = presetOf(first, preset);
    if (json) printJson(found);
    else console.log(presetText(found));
  } else if (json) {
    printJson(slug === undefined ? listed : first);
  } else {
    console.log(slug === undefined || first === undefined ? listText(listed) : destinationText(first));
  }
}

function presetOf({ slug, presets }: ListedDestination, name: string): Preset {
  const found = presets.find((preset) => preset.name === name);
  if (found === undefined) throw new ConfigurationError([`"${slug}" has no preset "${name}", expected one of ${presets.map((preset) => preset.name).join(', ')}`]);
  return found;
}

function presetText({ action, mapping }: Preset): string {
  return `# for a subscription whose destination has action: ${action}\n${stringify({ mapping }, { lineWidth: 0 }).trimEnd()}`;
}

function listText(listed: readonly ListedDestination[]): string {
  const rows = listed.map(({ slug, name, actions }) => [slug, name, actions.map(({ key }) => key).join(', ')]);
  return tableText(['slug', 'name', 'actions'].map((title) => ({ title })), rows);
}

function destinationText({ slug, name, settings, actions, presets }: ListedDestination): string {
  const known = new Set(actions.map(({ key }) => key));
  const shown = actions.flatMap(({ key, title, batches, syncModes, fields, hook }) => {
    const traits = [batches ? 'in batches' : 'one record at a time', ...(syncModes.length === 0 ? [] : [`sync modes ${syncModes.join(', ')}`])];
    return ['', `action ${key}: ${title} (${traits.join('; ')})`, fieldsText(fields), ...(hook === null ? [] : ['', `hook.inputs of ${key}: ${hook.label}`, fieldsText(hook.inputs), '', `hook.outputs of ${key}`, fieldsText(hook.outputs)])];
  });
  const named = presets.filter((preset) => !known.has(preset.name)).map((preset) => `  ${preset.name} (${preset.action})`);
  return [`${slug}: ${name}`, '', 'settings', fieldsText(settings), ...shown, ...(named.length === 0 ? [] : ['', 'presets, beside one for each action', ...named])].join('\n');
}

function fieldsText(fields: readonly ListedField[]): string {
  if (fields.length === 0) return 'none';
  return tableText(['field', 'type', 'required', 'label'].map((title) => ({ title })), fields.map(({ key, type, required, label }) => [key, type, required, label]));
}

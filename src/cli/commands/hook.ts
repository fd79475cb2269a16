import type { Command } from 'commander';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../config/index.js';
import { ConfigurationError, RefusedError } from '../../errors/errors.js';
import { entryOf } from '../named-entry.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';

export function addHook(program: Command): void {
  program
    .command('hook')
    .summary('make or find what an action of type segment sends to: a list, an audience, a table')
    .description("Run the hook of a destination's action once, with its hook.inputs, and print the hook.outputs to write into the configuration. What it makes stays at the destination.")
    .argument('<destination>', 'its name in the configuration')
    .addHelpText('after', '\nExample: sluice hook newsletter')
    .action(async (name: string, _options: unknown, command: Command) => hook(name, settingsOf(command)));
}

async function hook(name: string, settings: Settings): Promise<void> {
  const { destinations } = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  const written = entryOf(destinations, settings, 'destination', name);
  if (written.type !== 'segment') throw new ConfigurationError([`destination "${name}" is of type ${written.type}; only those of type segment have hooks`]);
  if (written.hook !== null && written.hook.outputs !== null) throw new RefusedError(`the hook of destination "${name}" has run: its hook.outputs are there; take them out to run it again`);
  const { runSegmentHook } = await import('../../worker/segment-hook.js');
  const { message, outputs } = await runSegmentHook(name, written, process.env);
  if (settings.json) printJson({ destination: name, message, outputs });
  else console.log(`${message === null ? '' : `# ${message}\n`}# write this into the destination "${name}":\n${stringify({ hook: { inputs: written.hook?.inputs ?? {}, outputs } }, { lineWidth: 0 }).trimEnd()}`);
}

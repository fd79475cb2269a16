import type { Command } from 'commander';
import { loadConfiguration, placed, type Configuration, type Problem } from '../../config/index.js';
import { ConfigurationError } from '../../errors/errors.js';
import { exitCodes } from '../failure.js';
import { printJson } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';

export function addValidate(program: Command): void {
  program
    .command('validate')
    .summary('check the whole configuration, offline')
    .description('Check the whole configuration, offline, and report every mistake at once.')
    .addHelpText('after', '\nExample: sluice validate -c staging.yaml --json')
    .action(async (_options: unknown, command: Command) => validate(settingsOf(command)));
}

async function validate({ configFile, json }: Settings): Promise<void> {
  try {
    const configuration = await loadConfiguration(configFile, process.env);
    const problems = await destinationProblems(configuration);
    if (problems.length > 0) throw await placed(configFile, problems);
    const subscriptions = Object.keys(configuration.subscriptions);
    if (json) printJson({ valid: true, subscriptions });
    else console.log(`${configFile} is valid; subscriptions: ${subscriptions.length === 0 ? 'none' : subscriptions.join(', ')}`);
  } catch (error) {
    if (!json || !(error instanceof ConfigurationError)) throw error;
    printJson({ valid: false, problems: error.problems });
    process.exitCode = exitCodes.wrongUsage;
  }
}

/** What only a destination's own code can tell, which is loaded where the configuration has such a destination. */
async function destinationProblems(configuration: Configuration): Promise<readonly Problem[]> {
  const types = new Set(Object.values(configuration.destinations).map(({ type }) => type));
  const ofModules = types.has('module') ? await (await import('../../worker/destination-modules.js')).moduleProblems(configuration, process.env) : [];
  const ofSegment = types.has('segment') ? (await import('../../worker/segment-problems.js')).segmentProblems(configuration, process.env) : [];
  return [...ofModules, ...ofSegment];
}

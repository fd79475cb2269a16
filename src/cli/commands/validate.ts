import type { Command } from 'commander';
import { loadConfiguration, type Configuration } from '../../config/index.js';
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
    await checkModules(configuration);
    await checkSegment(configuration);
    const subscriptions = Object.keys(configuration.subscriptions);
    if (json) printJson({ valid: true, subscriptions });
    else console.log(`${configFile} is valid; subscriptions: ${subscriptions.length === 0 ? 'none' : subscriptions.join(', ')}`);
  } catch (error) {
    if (!json || !(error instanceof ConfigurationError)) throw error;
    printJson({ valid: false, problems: error.problems });
    process.exitCode = exitCodes.wrongUsage;
  }
}

async function checkModules(configuration: Configuration): Promise<void> {
  if (!Object.values(configuration.destinations).some(({ type }) => type === 'module')) return;
  const { moduleProblems } = await import('../../worker/destination-modules.js');
  const problems = await moduleProblems(configuration, process.env);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

async function checkSegment(configuration: Configuration): Promise<void> {
  if (!Object.values(configuration.destinations).some(({ type }) => type === 'segment')) return;
  const { segmentProblems } = await import('../../worker/segment-problems.js');
  const problems = segmentProblems(configuration, process.env);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

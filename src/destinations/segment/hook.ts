import { z } from 'zod';
import type { JsonObject } from '../../domain/subscription.js';
import { ConfigurationError, RefusedError } from '../../errors/errors.js';
import { createReasonWriter } from '../reason.js';
import { NoAnswerError, within } from '../within.js';
import type { SegmentDestinationConfig } from './config.js';
import { actionOf, createRunner, loadSegmentDestination, type ActionDefinition, type HookRun } from './package.js';
import { checkSettings, secretsIn } from './settings.js';

/** The moments at which Segment runs a hook; an action that has one for either moment means the same by both. */
const moments = ['retlOnMappingSave', 'onMappingSave'] as const;

/** What an action wants done once at the destination, before it takes records: a list to be made or found, a table to be made. */
export interface Hook {
  readonly moment: (typeof moments)[number];
  readonly label: string;
  readonly inputs: Fields;
  /** What it gives, by which the action finds that again. */
  readonly outputs: Fields;
}

type Fields = Readonly<Record<string, { readonly type: string; readonly label: string; readonly required?: unknown }>>;

/** Null where the action has none. */
export function hookOf(action: ActionDefinition): Hook | null {
  for (const moment of moments) {
    const found = action.hooks?.[moment];
    if (found !== undefined) return { moment, label: found.label, inputs: found.inputFields ?? {}, outputs: found.outputTypes ?? {} };
  }
  return null;
}

/** Throws ConfigurationError when the configuration has a hook that the action doesn't know, or lacks what the action can't do without. */
export function checkHook(name: string, { action: key, hook: written }: SegmentDestinationConfig, hook: Hook | null): void {
  if (hook === null) {
    if (written === null) return;
    throw new ConfigurationError([`destination "${name}": hook: the action "${key}" has none; leave it out`]);
  }
  const unknown = (what: 'inputs' | 'outputs'): string[] => Object.keys(written?.[what] ?? {})
    .filter((field) => !Object.hasOwn(hook[what], field))
    .map((field) => `destination "${name}": hook.${what}: unknown key "${field}", expected one of ${Object.keys(hook[what]).join(', ')}`);
  const needed = Object.keys(hook.outputs).filter((field) => hook.outputs[field]?.required === true);
  const missing = needed.filter((field) => !Object.hasOwn(written?.outputs ?? {}, field));
  const problems = [...unknown('inputs'), ...unknown('outputs'), ...(missing.length === 0 ? [] : [`destination "${name}": hook.outputs: ${missing.join(', ')} missing, the action "${key}" can't do without: run \`sluice hook ${name}\`, and write down what it prints`])];
  if (problems.length > 0) throw new ConfigurationError(problems);
}

export interface HookResult {
  /** The destination's words, null where it had none. */
  readonly message: string | null;
  readonly outputs: JsonObject;
}

const answer = z.object({
  error: z.object({ message: z.string() }).optional(),
  successMessage: z.string().optional(),
  savedData: z.record(z.string(), z.json()).optional(),
});

/**
 * Has Segment's own code do once what the action wants done. It may make something at the destination each time it is called.
 *
 * @throws ConfigurationError when the action has no hook or the settings are wrong; RefusedError when the destination refuses or does not answer
 */
export async function runHook(name: string, config: SegmentDestinationConfig, signal: AbortSignal): Promise<HookResult> {
  const definition = loadSegmentDestination(name, config.slug);
  const action = actionOf(name, definition, config.action);
  const hook = hookOf(action);
  if (hook === null) throw new ConfigurationError([`destination "${name}": the action "${config.action}" has no hook`]);
  const runner = createRunner(config.slug, definition, config.action, action);
  checkSettings(name, runner, config.settings);
  const reasonOf = createReasonWriter(secretsIn(config.settings));
  try {
    const found = answer.parse(await within(config.timeoutMs, signal, async (ending) => runner.actions[config.action]?.executeHook(hook.moment, hookRun(config, ending))));
    if (found.error !== undefined) throw new Error(found.error.message);
    return { message: found.successMessage === undefined ? null : reasonOf(found.successMessage), outputs: found.savedData ?? {} };
  } catch (error) {
    signal.throwIfAborted();
    const words = error instanceof NoAnswerError ? 'the destination did not answer in time; look there before you run it again' : reasonOf(error instanceof Error ? error.message : String(error));
    throw new RefusedError(`the hook of destination "${name}" failed: ${words}`);
  }
}

/** What the package hands to hooks, as it makes it of the settings for actions. */
function hookRun({ settings: { oauth, ...settings }, hook }: SegmentDestinationConfig, signal: AbortSignal): HookRun {
  const tokens = z.object({ access_token: z.string().optional(), refresh_token: z.string().optional() }).catch({}).parse(oauth);
  return { settings, hookInputs: hook?.inputs ?? {}, payload: {}, auth: { accessToken: tokens.access_token, refreshToken: tokens.refresh_token }, signal };
}

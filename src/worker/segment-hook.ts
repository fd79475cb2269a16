import { resolveReferences } from '../config/index.js';
import type { SegmentDestinationConfig } from '../destinations/segment/config.js';
import { runHook, type HookResult } from '../destinations/segment/hook.js';

/** Runs the hook of a destination as the configuration has it, from this machine. Throws what `runHook` throws, and ConfigurationError for variables that are not set. */
export function runSegmentHook(name: string, written: SegmentDestinationConfig, env: NodeJS.ProcessEnv): Promise<HookResult> {
  return runHook(name, resolveReferences(written, env), new AbortController().signal);
}

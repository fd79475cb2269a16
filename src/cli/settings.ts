import type { Command } from 'commander';

/** The global options, as one call of a command has them. */
export interface Settings {
  readonly configFile: string;
  /** False where nobody named the file, so that a command that can do without it may. */
  readonly configNamed: boolean;
  /** host:port of Temporal's gRPC service. */
  readonly address: string;
  /** False where nobody named the server. */
  readonly addressNamed: boolean;
  readonly namespace: string;
  readonly json: boolean;
}

/** What commander gives for the global options; those with a default are always there. */
interface GlobalOptions {
  readonly config: string;
  readonly address: string;
  readonly namespace: string;
  readonly json?: true;
}

export function settingsOf(command: Command): Settings {
  const { config, address, namespace, json } = command.optsWithGlobals<GlobalOptions>();
  const named = (option: keyof GlobalOptions): boolean => command.getOptionValueSourceWithGlobals(option) !== 'default';
  return { configFile: config, configNamed: named('config'), address, addressNamed: named('address'), namespace, json: json === true };
}

import { isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { ConfigurationError, SluiceError, TemporalUnavailableError, WarehouseUnavailableError } from '../errors/errors.js';

/** The exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2, unreachable: 3 } as const;

export interface Failure {
  readonly exitCode: number;
  /** What to print on standard error; null when it has been printed. */
  readonly message: string | null;
}

/** The one place where an error becomes an exit code and a message. Unexpected errors may quote data: they show their class, and their stack only with SLUICE_DEBUG=1. */
export function failureOf(error: unknown, env: NodeJS.ProcessEnv): Failure {
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage, message: null };
  if (error instanceof SluiceError) return { exitCode: exitCodeOf(error), message: error.message };
  const refusal = temporalAnswerIn(error);
  const namespace = error instanceof NamespaceNotFoundError ? error.namespace : /^Namespace (\S+) is not found/.exec(refusal ?? '')?.[1];
  if (namespace !== undefined) {
    const message = `the Temporal server has no namespace "${namespace}": create it (temporal operator namespace create), or set --namespace or TEMPORAL_NAMESPACE`;
    return { exitCode: exitCodes.unreachable, message };
  }
  if (refusal !== null) return { exitCode: exitCodes.unreachable, message: `the Temporal server refused the call: ${refusal}` };
  return { exitCode: exitCodes.failed, message: unexpected(error, env) };
}

function exitCodeOf(error: SluiceError): number {
  if (error instanceof ConfigurationError) return exitCodes.wrongUsage;
  return error instanceof TemporalUnavailableError || error instanceof WarehouseUnavailableError ? exitCodes.unreachable : exitCodes.failed;
}

/** The words of Temporal's answer, where an error is one or was caused by one. */
function temporalAnswerIn(error: unknown): string | null {
  if (isGrpcServiceError(error)) return error.details;
  return error instanceof Error && error.cause !== undefined ? temporalAnswerIn(error.cause) : null;
}

function unexpected(error: unknown, env: NodeJS.ProcessEnv): string {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  if (env['SLUICE_DEBUG'] === '1' && error instanceof Error) return `unexpected ${name}${code}:\n${error.stack ?? error.message}`;
  return `unexpected ${name}${code}: this is a mistake in Sluice; run it again with SLUICE_DEBUG=1 to see where`;
}

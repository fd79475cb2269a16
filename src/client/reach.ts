import { isGrpcServiceError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { syncWorkflowId } from '../contract/names.js';
import { NoWorkerError, RefusedError, TemporalUnavailableError } from '../errors/errors.js';

/** How long a worker may take to answer before a call says that none does, in ms. */
const answerWithinMs = 15_000;
/** How long the server may take to show that it is there, in ms. */
const showWithinMs = 3_000;

/** gRPC status codes. A deadline that passes can show as `cancelled` too, when the server ends the call first; nothing here cancels calls itself. */
const cancelled = 1;
const deadlineExceeded = 4;
const queryRefused = 9;
const unavailable = 14;

/** Calls to one Temporal server, whose failures say what can be done about them. */
export class Reach {
  constructor(
    private readonly temporal: Client,
    private readonly address: string,
  ) {}

  /** Messages a subscription's workflow; needs no worker. */
  async signal(subscriptionId: string, name: string, ...args: unknown[]): Promise<void> {
    await this.reached(this.temporal.workflow.getHandle(syncWorkflowId(subscriptionId)).signal(name, ...args), subscriptionId);
  }

  /** For what only a worker can answer about a subscription. */
  answered<T>(subscriptionId: string, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    return this.reached(this.withinDeadline(syncWorkflowId(subscriptionId), ask), subscriptionId);
  }

  /** The same for any workflow. Throws WorkflowNotFoundError where there is none. */
  async answeredBy<T>(workflowId: string, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await this.withinDeadline(workflowId, ask);
    } catch (error) {
      throw error instanceof WorkflowNotFoundError ? error : await this.translated(error);
    }
  }

  async reached<T>(call: Promise<T>, subscriptionId = ''): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw await this.translated(error);
      throw new RefusedError(`subscription "${subscriptionId}" is not running: run \`sluice apply\` first`, { cause: error });
    }
  }

  private withinDeadline<T>(workflowId: string, ask: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    return this.temporal.withDeadline(Date.now() + answerWithinMs, () => ask(this.temporal.workflow.getHandle(workflowId)));
  }

  private async translated(error: unknown): Promise<unknown> {
    const code = grpcCodeOf(error);
    if (code === unavailable) return this.unreachable(error);
    if (code !== deadlineExceeded && code !== cancelled && code !== queryRefused) return error;
    // No answer in time: from a worker that isn't there, or from a server that isn't?
    const shows = await this.temporal.withDeadline(Date.now() + showWithinMs, () => this.temporal.workflowService.getSystemInfo({})).then(() => true, () => false);
    if (!shows) return this.unreachable(error);
    return new NoWorkerError(`no worker answered within ${answerWithinMs / 1000} s: start one with \`sluice worker\`; a sync asked for now may still start then`, { cause: error });
  }

  private unreachable(cause: unknown): TemporalUnavailableError {
    return new TemporalUnavailableError(`the Temporal server at ${this.address} can't be reached: start it, or set --address or TEMPORAL_ADDRESS`, { cause });
  }
}

function grpcCodeOf(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCodeOf(error.cause) : null;
}

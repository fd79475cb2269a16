import { DefaultLogger, type LogLevel, type LogMetadata } from '@temporalio/worker';

/** Temporal's log, without what its workers warn of though it is meant so: the queues of one host have steps and no workflows (task-workers.ts). */
export class WorkerLogger extends DefaultLogger {
  override log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (!message.startsWith('No workflows registered')) super.log(level, message, meta);
  }
}

import path from 'node:path';
import type { SqlDialect } from '../../domain/statement.js';
import { referencesIn } from '../references.js';

/** What checking one section needs to know about the rest of the file and about where it is read. */
export interface SchemaContext {
  /** The folder of sluice.yaml: relative paths start there. */
  readonly folder: string;
  /** Null when references are not to be looked up. */
  readonly env: NodeJS.ProcessEnv | null;
  readonly sources: readonly string[];
  readonly models: readonly string[];
  readonly destinations: readonly string[];
  dialectOf(source: unknown): SqlDialect;
  /** From when on schedules are examined, in ms since the epoch. */
  readonly nowMs: number;
}

/** A path that starts with a reference is left alone: it may turn out to be absolute. */
export function fromFolder(context: SchemaContext, file: string): string {
  return file.startsWith('${') && referencesIn(file).names.length > 0 ? file : path.resolve(context.folder, file);
}

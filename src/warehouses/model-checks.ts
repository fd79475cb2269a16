import { createHash } from 'node:crypto';
import { limits } from '../domain/limits.js';
import type { Model } from '../domain/subscription.js';
import { ModelError } from '../errors/errors.js';
import type { ModelColumn } from './warehouse.js';

/** Refuses a model that can't be synced as it is (source document, "Extract limits"); changes nothing. */
export function checkColumns(model: Model, columns: readonly ModelColumn[]): void {
  const names = columns.map((column) => column.name);
  const problem = (text: string): never => {
    throw new ModelError(`model "${model.name}": ${text}`);
  };
  if (columns.length > limits.columns) problem(`it has ${columns.length} columns; the limit is ${limits.columns}`);
  const long = names.find((name) => [...name].length > limits.columnNameCharacters);
  if (long !== undefined) problem(`the column name "${long.slice(0, 40)}…" is longer than ${limits.columnNameCharacters} characters`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problem(`two columns are named "${twice}"; give one of them an alias`);
  for (const [role, name] of [['identifier', model.identifier], ['timestamp', model.timestamp?.column]] as const) {
    if (name !== undefined && !names.includes(name)) problem(`the ${role} column "${name}" is not among its columns (${names.slice(0, 20).join(', ')})`);
  }
  const timestamp = columns.find((column) => column.name === model.timestamp?.column);
  if (timestamp !== undefined && !/^(timestamp|date)(?![a-z])/i.test(timestamp.type)) {
    problem(`the timestamp column "${timestamp.name}" is of type ${timestamp.type}; it has to be a timestamp or a date`);
  }
}

/** What makes the model this model: a change asks for a full diff. */
export function modelDigest(model: Model): string {
  return createHash('sha256').update(JSON.stringify([model.query, model.identifier, model.timestamp?.column ?? null])).digest('hex');
}

import { z } from 'zod';
import { subscriptionIdPattern } from '../../domain/limits.js';

/** Names of sources, models, destinations and of the workspace: they become parts of workflow ids and of search attributes. */
export const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'is no name, expected a letter, then at most 63 letters, digits, "_" or "-"');

/** A subscription's id becomes part of table names. */
export const subscriptionId = z
  .string()
  .regex(subscriptionIdPattern, 'is no subscription id, expected a lower-case letter, then at most 47 lower-case letters, digits or "_"');

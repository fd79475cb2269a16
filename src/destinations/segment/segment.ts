import { createHash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '../../domain/subscription.js';
import { ConfigurationError } from '../../errors/errors.js';
import type { DeliveryAnswer, Destination, DestinationLimits } from '../destination.js';
import { recordsOf, type BatchRecord } from '../module/records.js';
import { createReasonWriter } from '../reason.js';
import { NoAnswerError, within } from '../within.js';
import { judgeResults, judgeThrown } from './answers.js';
import { checkAccount } from './check.js';
import type { SegmentDestinationConfig } from './config.js';
import { checkHook, hookOf, type Hook } from './hook.js';
import { actionOf, createRunner, loadSegmentDestination, type ActionDefinition, type RefreshedTokens, type Runner } from './package.js';
import { checkSettings, secretsIn, targetOf } from './settings.js';

/**
 * One action of one of Segment's destinations, run by Segment's own code.
 * Sluice maps each record; the package checks what came of it against the action's fields, and sends it.
 *
 * @throws ConfigurationError when the package, the destination or the action is not there, or the settings are wrong
 */
export function createSegmentDestination(name: string, config: SegmentDestinationConfig): Destination {
  const { slug, timeoutMs } = config;
  const definition = loadSegmentDestination(name, slug);
  const action = actionOf(name, definition, config.action);
  const newRunner = (): Runner => createRunner(slug, definition, config.action, action);
  checkSettings(name, newRunner(), config.settings);
  if (config.syncMode !== null && action.syncMode === undefined) throw new ConfigurationError([`destination "${name}": syncMode: the action "${config.action}" knows no sync modes; leave it out`]);
  const hook = hookOf(action);
  checkHook(name, config, hook);
  const isBatched = action.performBatch !== undefined;
  let settings = config.settings;

  const send = async (records: readonly BatchRecord[], signal: AbortSignal): Promise<unknown> => {
    const events = records.map(trackEvent);
    const subscription = { partnerAction: config.action, subscribe: 'type = "track"', mapping: { ...mappingOf(action, config, records), ...hookOutputs(hook, config) } };
    const runner = newRunner();
    // A copy, because the package writes refreshed tokens into the settings that it is given, and only where there are tokens already.
    const run = { oauth: {}, ...structuredClone(settings), subscription };
    const options = { signal, onTokenRefresh: (tokens: RefreshedTokens) => (settings = withTokens(settings, tokens)) };
    if (isBatched) return runner.onBatch(events, run, options);
    for (const event of events) await runner.onEvent(event, run, options);
    return null;
  };

  return {
    identity: createHash('sha256').update(JSON.stringify(['segment', name, slug, config.action, targetOf(definition, config.settings), ...(config.hook?.outputs == null ? [] : [config.hook.outputs])])).digest('hex'),
    limits: limitsOf(config, action),
    async deliver(batch, signal) {
      const records = recordsOf(batch);
      // Refused without a request: what follows from a refusal is halves, down to batches that agree.
      if (isBatched && !agree(records, batchKeysOf(action))) return { kind: 'refused', reason: 'the records of a batch differ in a batch key' };
      const reasonOf = createReasonWriter(secretsIn(settings));
      try {
        const results = await within(timeoutMs, signal, (ending) => send(records, ending));
        return isBatched ? judgeResults(results, batch.size, reasonOf) : delivered;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof NoAnswerError) return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'the destination did not answer in time' };
        return judgeThrown(error, reasonOf, Date.now());
      }
    },
    check: (signal) => checkAccount(definition, newRunner(), settings, timeoutMs, createReasonWriter(secretsIn(settings)), signal),
    close: () => Promise.resolve(),
  };
}

const delivered: DeliveryAnswer = { kind: 'delivered' };

/** The mapped record as the event's properties. Actions that keep audiences tell members from leavers by the event's name. */
function trackEvent({ operation, messageId, body }: BatchRecord): object {
  return { type: 'track', event: operation, messageId, properties: body };
}

/**
 * Records come mapped, so each field that one has is taken as it is; each that none has would only cost time. What is the same throughout the batch is given once,
 * and need not be looked up in each record. The package reads the sync mode from the mapping.
 */
function mappingOf(action: ActionDefinition, { syncMode }: SegmentDestinationConfig, records: readonly BatchRecord[]): JsonObject {
  const mapped = new Set(records.flatMap(({ body }) => (isJsonObject(body) ? Object.keys(body) : [])));
  const fields = Object.keys(action.fields).filter((field) => mapped.has(field)).map((field): [string, Json] => {
    const value = fieldOf(records[0], field);
    const isConstant = typeof value !== 'object' && records.every((record) => fieldOf(record, field) === value);
    return [field, isConstant && value !== undefined ? value : { '@path': `$.properties.${field}` }];
  });
  return { ...Object.fromEntries(fields), ...(syncMode === null ? {} : { __segment_internal_sync_mode: syncMode }) };
}

function fieldOf(record: BatchRecord | undefined, field: string): Json | undefined {
  return record !== undefined && isJsonObject(record.body) ? record.body[field] : undefined;
}

/** The package reads what a hook gave from the mapping. */
function hookOutputs(hook: Hook | null, config: SegmentDestinationConfig): JsonObject {
  const { inputs = {}, outputs = null } = config.hook ?? {};
  return hook === null || outputs === null ? {} : { [hook.moment]: { inputs, outputs } };
}

/** Refreshed tokens serve the batches that follow, because the configured ones have gone stale. */
function withTokens(settings: JsonObject, { accessToken, refreshToken }: RefreshedTokens): JsonObject {
  const rotated = refreshToken === undefined ? {} : { refresh_token: refreshToken };
  return { ...settings, oauth: { ...(settings['oauth'] as JsonObject | undefined), access_token: accessToken, ...rotated } };
}

/** The smaller of what the configuration wants and the action takes. An action without batches gets one record at a time, so that each is answered for. */
function limitsOf(config: SegmentDestinationConfig, action: ActionDefinition): DestinationLimits {
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  const most = (field: string): number[] => [action.fields[field]?.default, action.fields[field]?.maximum].filter((limit) => typeof limit === 'number' && limit >= 1) as number[];
  return {
    batchSize: action.performBatch === undefined ? 1 : Math.min(batchSize, ...most('batch_size')),
    batchBytes: Math.min(batchBytes, ...most('batch_bytes')),
    concurrency,
    timeoutMs,
    giveUpAfterMs,
    rateLimit,
  };
}

/** Fields whose values must be the same throughout a batch. */
function batchKeysOf(action: ActionDefinition): readonly string[] {
  const { batch_keys: field } = action.fields;
  const keys = field?.default;
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
}

function agree(records: readonly BatchRecord[], keys: readonly string[]): boolean {
  return keys.every((key) => {
    const first = fieldOf(records[0], key) ?? null;
    return records.every((record) => isSame(fieldOf(record, key) ?? null, first));
  });
}

function isSame(one: Json, other: Json): boolean {
  return one === other || (typeof one === 'object' && typeof other === 'object' && JSON.stringify(one) === JSON.stringify(other));
}

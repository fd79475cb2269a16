import { ConfigurationError } from '../errors/errors.js';
import { suggestion } from '../config/suggestion.js';
import { hookOf } from '../destinations/segment/hook.js';
import { loadSegmentDestination, segmentSlugs, type ActionDefinition, type Definition } from '../destinations/segment/package.js';
import type { Json, JsonObject } from '../domain/subscription.js';

export interface ListedField {
  readonly key: string;
  readonly type: string;
  /** 'sometimes': under conditions that only a record can tell. */
  readonly required: 'yes' | 'sometimes' | 'no';
  readonly label: string;
}

export interface ListedAction {
  readonly key: string;
  readonly title: string;
  readonly batches: boolean;
  /** Empty where the action knows none. */
  readonly syncModes: readonly string[];
  readonly fields: readonly ListedField[];
  /** What `sluice hook` takes for it, and gives; null where the action has none. */
  readonly hook: { readonly label: string; readonly inputs: readonly ListedField[]; readonly outputs: readonly ListedField[] } | null;
}

/** A mapping to start from: one for each action, by its key, and the destination's own, by their names. */
export interface Preset {
  readonly name: string;
  readonly action: string;
  readonly mapping: JsonObject;
}

export interface ListedDestination {
  readonly slug: string;
  readonly name: string;
  readonly settings: readonly ListedField[];
  readonly actions: readonly ListedAction[];
  readonly presets: readonly Preset[];
}

/** Segment's destinations, all of them or one. Throws ConfigurationError when the package or the destination is not there. */
export function listSegmentDestinations(slug?: string): readonly ListedDestination[] {
  const slugs = segmentSlugs();
  if (slug !== undefined && !slugs.includes(slug)) throw new ConfigurationError([`Segment has no destination "${slug}"${suggestion(slug, slugs)}`]);
  return (slug === undefined ? slugs : [slug]).map((each) => listed(each, loadSegmentDestination(each, each)));
}

function listed(slug: string, definition: Definition): ListedDestination {
  const actions = Object.entries(definition.actions);
  return {
    slug,
    name: definition.name,
    settings: fieldsOf(definition.authentication?.fields ?? {}),
    actions: actions.map(([key, action]) => ({ key, title: action.title, batches: action.performBatch !== undefined, syncModes: syncModesOf(action), fields: fieldsOf(action.fields), hook: listedHook(action) })),
    presets: [...actions.map(([key, { fields }]) => ({ name: key, action: key, mapping: mappingOf(fields) })), ...namedPresets(definition)],
  };
}

/** Several actions may have one of the same name; those are told apart by their actions. */
function namedPresets({ presets = [] }: Definition): readonly Preset[] {
  const names = presets.map(({ partnerAction, name = partnerAction }) => name);
  const isShared = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name);
  return presets.map(({ partnerAction: action, name = action, mapping }) => ({ name: isShared(name) ? `${name} (${action})` : name, action, mapping: fromColumns(mapping as JsonObject) as JsonObject }));
}

function listedHook(action: ActionDefinition): ListedAction['hook'] {
  const hook = hookOf(action);
  return hook === null ? null : { label: hook.label, inputs: fieldsOf(hook.inputs), outputs: fieldsOf(hook.outputs) };
}

function syncModesOf({ syncMode }: ActionDefinition): readonly string[] {
  return syncMode?.choices.map(({ value }) => value) ?? [];
}

type Fields = Readonly<Record<string, { readonly type: string; readonly label: string; readonly required?: unknown; readonly default?: unknown }>>;

function fieldsOf(fields: Fields): readonly ListedField[] {
  return Object.entries(fields).map(([key, { type, label, required }]) => ({ key, type, label, required: required === true ? 'yes' : required === undefined || required === false ? 'no' : 'sometimes' }));
}

/** How large batches are is Sluice's own affair. */
const isAboutBatches = /^batch_(?:size|bytes|keys)$/;

/** The action's own defaults, and a column of its name for each field that is required and has none. */
function mappingOf(fields: Fields): JsonObject {
  const mapped = Object.entries(fields).flatMap(([key, field]): [string, Json][] => {
    if (isAboutBatches.test(key) && field.required !== true) return [];
    if (field.default !== undefined) return [[key, fromColumns(field.default as Json)]];
    return field.required === true ? [[key, { '@path': `$.properties.${key}` }]] : [];
  });
  return Object.fromEntries(mapped);
}

/** Segment's defaults look for a person's traits in several places; a record has them all among its columns. */
function fromColumns(value: Json): Json {
  if (Array.isArray(value)) return value.map(fromColumns);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === '@path' && typeof inner === 'string' ? inner.replace(/^\$\.(?:context\.)?traits\b/, '$.properties') : fromColumns(inner)]));
}

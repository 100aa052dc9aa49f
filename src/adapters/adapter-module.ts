import { AnimateDiffError } from '../core/errors.js';
import type { WeightStore } from '../weights/weight-store.js';
import { adapterError, quoted } from './adapter-errors.js';
import { checkExtras, checkTensor } from './check-module.js';
import type { DeltaFamily, DeltaShape, PartShapes } from './delta-family.js';
import { refusedKeys, skippedKeys, splitKey } from './key-endings.js';
import { partShapes } from './part-shapes.js';

/** The tensors of a file that change one layer together. Known from the header alone. */
export interface AdapterModule {
  /** The layer, as the file names it. */
  readonly target: string;
  /** Keys by part. */
  readonly keys: ReadonlyMap<string, string>;
  /** Shapes by part. */
  readonly parts: PartShapes;
  /** How the change of the weight is written; `undefined` when only the bias is changed. */
  readonly family: DeltaFamily | undefined;
  /** What it multiplies out to; `undefined` when only the bias is changed. */
  readonly delta: DeltaShape | undefined;
}

/** What became of every key of a file. */
export interface GroupedKeys {
  /** In file order. */
  readonly modules: readonly AdapterModule[];
  /** Keys left out on purpose. */
  readonly skipped: readonly { readonly key: string; readonly reason: string }[];
  /** Keys that mean nothing here. */
  readonly unknown: readonly string[];
}

interface Draft {
  readonly target: string;
  readonly keys: Map<string, string>;
  family: DeltaFamily | undefined;
}

/**
 * Sorts a file's keys into modules and checks their shapes. Nothing but the header is needed.
 * @throws `unsupported` for methods that are not, naming a key; `weights-mismatch` for parts that are missing, there
 * twice, of contradicting methods, empty, or that cannot be multiplied.
 */
export function groupKeys(store: WeightStore): GroupedKeys {
  const drafts = new Map<string, Draft>();
  const skipped: { key: string; reason: string }[] = [];
  const unknown: string[] = [];
  for (const key of store.entries.keys()) {
    refuseUnsupported(store.label, key);
    const skip = skippedKeys.find(({ pattern }) => pattern.test(key));
    if (skip) skipped.push({ key, reason: skip.reason });
    else if (!addKey(drafts, key, store.label)) unknown.push(key);
  }
  return { modules: [...drafts.values()].map((draft) => finished(draft, store)), skipped, unknown };
}

function refuseUnsupported(file: string, key: string): void {
  const refused = refusedKeys.find(({ pattern }) => pattern.test(key));
  if (!refused) return;
  throw new AnimateDiffError(
    'unsupported',
    `${file} is made by a method that is not supported (${refused.what}: ${quoted(key)})`,
    { details: { file, tensor: key, method: refused.what } },
  );
}

function addKey(drafts: Map<string, Draft>, key: string, file: string): boolean {
  const split = splitKey(key);
  if (!split) return false;
  const { target, ending } = split;
  const draft: Draft = drafts.get(target) ?? { target, keys: new Map(), family: undefined };
  drafts.set(target, draft);
  const twin = draft.keys.get(ending.part);
  if (twin !== undefined) throw conflict(file, twin, key, 'are the same part of one module');
  if (ending.family && draft.family && ending.family !== draft.family) {
    const [other = ''] = draft.keys.values();
    throw conflict(
      file,
      other,
      key,
      `change one module in two ways (${draft.family.name}, ${ending.family.name})`,
    );
  }
  draft.family ??= ending.family;
  draft.keys.set(ending.part, key);
  return true;
}

/** The error for two keys of which only one can be meant. */
export function conflict(file: string, first: string, second: string, problem: string): AnimateDiffError {
  const message = `${quoted(first)} and ${quoted(second)} ${problem}; which one is meant cannot be told`;
  return adapterError(file, message, { tensors: [first, second] });
}

function finished({ target, keys, family }: Draft, store: WeightStore): AdapterModule {
  for (const [part, key] of keys) checkTensor(store, part, store.entries.get(key)!);
  const parts = partShapes(target, keys, store);
  const delta = family?.measure(parts);
  checkExtras(parts, keys, delta);
  return { target, keys, parts, family, delta };
}

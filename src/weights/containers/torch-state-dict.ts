import { containerError, quoted } from './container-error.js';
import { limits, nameFits } from './container-limits.js';
import { isKind, type PickleTensor, type PickleValue } from './pickle-values.js';

/** The tensors of a checkpoint by name, freed of what trainers wrap around them. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  /** Texts and numbers that stood beside the tensors, such as `global_step`. */
  readonly metadata: ReadonlyMap<string, string>;
}

type Items = ReadonlyMap<PickleValue, PickleValue>;

/** Keys under which training code keeps the weights, besides `state_dict`; the first that is there counts. */
const WRAPPERS: readonly string[] = ['controlnet', 'module', 'model', 'params_ema', 'ema', 'weights'];
/** Keys that tell a file's kind, so they stay part of the names: textual inversion, IP-Adapter. */
const TELLING: ReadonlySet<string> = new Set(['string_to_param', 'image_proj', 'ip_adapter']);
/** Tensors below these are a trainer's state, not weights. */
const TRAINING: ReadonlySet<string> = new Set([
  'optimizer',
  'optimizers',
  'optimizer_states',
  'lr_scheduler',
  'lr_schedulers',
  'callbacks',
  'loops',
  'hparams',
  'hyper_parameters',
]);
const MOST_LEVELS = 16;
const MOST_METADATA = 1000;
const LONGEST_METADATA = 1000;

/**
 * Finds the weights in what a checkpoint unpickles to: goes down `state_dict` and other wrappers, joins the keys of nested
 * dicts with dots, drops what is no tensor, and takes a `module.` (distributed training) off names that all have it.
 * @throws `weights-format` when there is no dict, or names collide.
 */
export function stateDict(root: PickleValue, file: string): StateDict {
  const branches = branchFinder();
  const metadata = new Map<string, string>();
  let items = itemsOf(root);
  if (items === undefined)
    throw containerError(file, 'holds no state dict: the pickle is not a dict of tensors');
  for (let level = 0; level < MOST_LEVELS; level++) {
    collectScalars(items, metadata);
    const inner: Items | undefined = wrapped(items, branches);
    if (inner === undefined) break;
    items = inner;
  }
  const tensors = new Map<string, PickleTensor>();
  flatten(items, '', 0, tensors, branches, file);
  return { tensors: withoutModulePrefix(tensors), metadata };
}

function itemsOf(value: PickleValue | undefined): Items | undefined {
  if (isKind(value, 'dict')) return value.items;
  // Textual inversions of the original code keep their one vector in such a module.
  if (isKind(value, 'opaque') && value.name === 'torch.nn.modules.container.ParameterDict') {
    return itemsOf(itemsOf(value.state)?.get('_parameters'));
  }
  return undefined;
}

/** The items of a dict that are, or have below them, tensors, with their keys as names. */
type Branches = (items: Items) => readonly (readonly [name: string, value: PickleValue])[];

/** Shared parts are looked at once, however often they are referred to; cycles and depths end. */
function branchFinder(): Branches {
  const known = new Map<Items, (readonly [string, PickleValue])[]>();
  const find = (items: Items, depth: number): (readonly [string, PickleValue])[] => {
    const answer = known.get(items);
    if (answer !== undefined) return answer;
    const branches: (readonly [string, PickleValue])[] = [];
    known.set(items, branches);
    for (const [key, value] of items) {
      const name = nameOf(key);
      const inner = itemsOf(value);
      const leads =
        isKind(value, 'tensor') || (inner && depth < MOST_LEVELS && find(inner, depth + 1).length > 0);
      if (name !== undefined && !TRAINING.has(name) && leads) branches.push([name, value]);
    }
    return branches;
  };
  return (items) => find(items, 0);
}

function wrapped(items: Items, branches: Branches): Items | undefined {
  const state = itemsOf(items.get('state_dict'));
  if (state !== undefined) return state;
  const inner = branches(items);
  if (inner.some(([, value]) => isKind(value, 'tensor'))) return undefined;
  const wrapper = WRAPPERS.find((name) => inner.some(([key]) => key === name));
  if (wrapper !== undefined) return itemsOf(items.get(wrapper));
  const [only] = inner;
  return inner.length === 1 && only && !TELLING.has(only[0]) ? itemsOf(only[1]) : undefined;
}

function nameOf(key: PickleValue): string | undefined {
  return typeof key === 'string' ? key : typeof key === 'number' ? String(key) : undefined;
}

function collectScalars(items: Items, metadata: Map<string, string>): void {
  for (const [key, value] of items) {
    if (metadata.size >= MOST_METADATA) return;
    const text =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : '';
    if (typeof key === 'string' && nameFits(key) && text !== '' && text.length <= LONGEST_METADATA)
      metadata.set(key, text);
  }
}

// Only what leads to tensors is walked, so that shared parts cost no more than the tensors they name.
function flatten(
  items: Items,
  prefix: string,
  depth: number,
  tensors: Map<string, PickleTensor>,
  branches: Branches,
  file: string,
): void {
  if (depth > MOST_LEVELS) throw containerError(file, 'its dicts are nested too deep');
  for (const [name, value] of branches(items)) {
    const full = prefix + name;
    if (!nameFits(full)) throw containerError(file, `the name ${quoted(full)} is too long`);
    const inner = itemsOf(value);
    if (inner !== undefined) flatten(inner, `${full}.`, depth + 1, tensors, branches, file);
    else add(tensors, full, value as PickleTensor, file);
  }
}

function add(tensors: Map<string, PickleTensor>, name: string, tensor: PickleTensor, file: string): void {
  if (tensors.has(name)) throw containerError(file, `the tensor ${quoted(name)} is there twice`);
  if (tensors.size >= limits.tensors)
    throw containerError(file, `there are more than ${limits.tensors} tensors`);
  tensors.set(name, tensor);
}

function withoutModulePrefix(tensors: Map<string, PickleTensor>): Map<string, PickleTensor> {
  const prefix = 'module.';
  const all = [...tensors];
  if (!all.every(([name]) => name.startsWith(prefix))) return tensors;
  return new Map(all.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

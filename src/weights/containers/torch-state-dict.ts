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
  const hasTensors = tensorFinder();
  const metadata = new Map<string, string>();
  let items = itemsOf(root);
  if (items === undefined)
    throw containerError(file, 'holds no state dict: the pickle is not a dict of tensors');
  for (let level = 0; level < MOST_LEVELS; level++) {
    collectScalars(items, metadata);
    const inner: Items | undefined = wrapped(items, hasTensors);
    if (inner === undefined) break;
    items = inner;
  }
  const tensors = new Map<string, PickleTensor>();
  flatten(items, '', 0, tensors, hasTensors, file);
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

type TensorFinder = (value: PickleValue | undefined) => boolean;

/** Tells whether a value is, or has below it, a tensor. Shared parts are looked at once; cycles and depths end. */
function tensorFinder(): TensorFinder {
  const known = new Map<Items, boolean>();
  const find = (value: PickleValue | undefined, depth: number): boolean => {
    if (isKind(value, 'tensor')) return true;
    const items = itemsOf(value);
    if (items === undefined || depth > MOST_LEVELS) return false;
    const answer = known.get(items);
    if (answer !== undefined) return answer;
    known.set(items, false);
    const found = [...items].some(([key, item]) => nameOf(key) !== undefined && find(item, depth + 1));
    known.set(items, found);
    return found;
  };
  return (value) => find(value, 0);
}

function wrapped(items: Items, hasTensors: TensorFinder): Items | undefined {
  const state = itemsOf(items.get('state_dict'));
  if (state !== undefined) return state;
  const values = [...items.values()];
  if (values.some((value) => isKind(value, 'tensor'))) return undefined;
  const wrapper = WRAPPERS.find((name) => itemsOf(items.get(name)) && hasTensors(items.get(name)));
  if (wrapper !== undefined) return itemsOf(items.get(wrapper));
  const inner = [...items].filter(([key, value]) => !TRAINING.has(nameOf(key) ?? '') && hasTensors(value));
  const [only] = inner;
  return inner.length === 1 && only && !TELLING.has(nameOf(only[0]) ?? '') ? itemsOf(only[1]) : undefined;
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

// A dict is entered only where there are tensors below, so that shared parts cost no more than the tensors they name.
function flatten(
  items: Items,
  prefix: string,
  depth: number,
  tensors: Map<string, PickleTensor>,
  hasTensors: TensorFinder,
  file: string,
): void {
  if (depth > MOST_LEVELS) throw containerError(file, 'its dicts are nested too deep');
  for (const [key, value] of items) {
    const name = nameOf(key);
    if (name === undefined || TRAINING.has(name) || !hasTensors(value)) continue;
    if (!nameFits(prefix + name)) throw containerError(file, `the name ${quoted(prefix + name)} is too long`);
    const inner = itemsOf(value);
    if (inner !== undefined) flatten(inner, `${prefix}${name}.`, depth + 1, tensors, hasTensors, file);
    else add(tensors, prefix + name, value as PickleTensor, file);
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

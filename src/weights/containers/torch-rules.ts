import { bytesPerElement } from '../convert.js';
import { containerError, quoted } from './container-error.js';
import { limits } from './container-limits.js';
import type { PickleRules } from './pickle-machine.js';
import { isKind, type PickleGlobal, type PickleStorage, type PickleValue } from './pickle-values.js';
import { describeGlobal } from './torch-globals.js';
import { torchTensor } from './torch-tensor.js';

/** {@link PickleRules} of torch checkpoints, and what they met. */
export interface TorchRules extends PickleRules {
  /** Storages that the pickle refers to, by key. */
  readonly storages: ReadonlyMap<string, PickleStorage>;
  /**
   * Fails when names came up that no weight file needs, telling all of them.
   * @throws `weights-format`
   */
  checkNames(): void;
}

/** Interprets names, calls and ids as `torch.load` would, without any of its code: results are descriptions. */
export function torchRules(file: string): TorchRules {
  const storages = new Map<string, PickleStorage>();
  const refused = new Set<string>();
  let tensors = 0;

  function fail(problem: string): never {
    throw containerError(file, problem);
  }

  function tensor(args: readonly PickleValue[], typed: boolean): PickleValue {
    if (++tensors > limits.tensors) fail(`there are more than ${limits.tensors} tensors`);
    return torchTensor(args, typed, fail);
  }

  return {
    storages,
    global: (module, name) => {
      const described = describeGlobal(module, name);
      if (described.role === 'refused' && refused.size < 100) refused.add(described.name);
      return described;
    },
    call: (callee, args) => callGlobal(callee, args, tensor, fail),
    build: (target, state) => {
      if (isKind(target, 'opaque')) target.state = state;
      // State of dicts is `_metadata`, that of parameters their Python attributes.
      else if (!isKind(target, 'dict') && !isKind(target, 'tensor'))
        fail('the pickle gives state to what has none');
    },
    persistent: (id) => {
      const storage = parseStorage(id, fail);
      return shared(storages, storage, fail);
    },
    checkNames: () => {
      if (refused.size > 0) fail(refusal([...refused]));
    },
  };
}

type Fail = (problem: string) => never;

function refusal(names: readonly string[]): string {
  return (
    `refers to ${names.map(quoted).join(', ')}, which no weight file needs. Loading it with Python could run code; here ` +
    'nothing was run. Get the weights from a source you trust, as .safetensors or as a plain state dict.'
  );
}

function callGlobal(
  callee: PickleGlobal,
  args: readonly PickleValue[],
  tensor: (args: readonly PickleValue[], typed: boolean) => PickleValue,
  fail: Fail,
): PickleValue {
  switch (callee.role) {
    case 'dict':
      return { kind: 'dict', items: new Map(args.flatMap((arg) => pairs(arg))) };
    case 'size':
      return sizeTuple(args, fail);
    case 'encode':
      return encoded(args, fail);
    case 'rebuild-tensor':
      return tensor(args, false);
    case 'rebuild-tensor-typed':
      return tensor(args, true);
    case 'rebuild-parameter':
    case 'parameter-class':
      return isKind(args[0], 'tensor') ? args[0] : fail('a parameter is made of what is no tensor');
    case 'opaque':
    case 'refused':
      return { kind: 'opaque', name: callee.name };
    case 'storage-class':
    case 'dtype':
      return fail(`the pickle calls ${callee.name}, which is no function`);
  }
}

/** Key and value pairs of a dict's argument: another dict, or a list of pairs. Others (a default factory) have none. */
function pairs(value: PickleValue): [PickleValue, PickleValue][] {
  if (isKind(value, 'dict')) return [...value.items];
  if (!isKind(value, 'list')) return [];
  return value.items.flatMap((pair): [PickleValue, PickleValue][] => {
    if (!isKind(pair, 'tuple') && !isKind(pair, 'list')) return [];
    const [key, item] = pair.items;
    return key === undefined || item === undefined ? [] : [[key, item]];
  });
}

function sizeTuple([sizes]: readonly PickleValue[], fail: Fail): PickleValue {
  if (!isKind(sizes, 'list') && !isKind(sizes, 'tuple')) return fail('a size is made of what is no list');
  return { kind: 'tuple', items: [...sizes.items] };
}

function encoded([text]: readonly PickleValue[], fail: Fail): PickleValue {
  if (typeof text !== 'string') return fail('bytes are made of what is no text');
  return { kind: 'bytes', bytes: Uint8Array.from(text, (char) => char.charCodeAt(0)) };
}

/**
 * `('storage', class, key, location, count)`; in legacy streams a sixth item is None, or `(key, offset, count)` of a view.
 * The location (`cuda:0`) does not matter.
 */
function parseStorage(id: PickleValue, fail: Fail): PickleStorage {
  if (!isKind(id, 'tuple')) return fail('an id is no tuple');
  const [tag, type, key, , count, view] = id.items;
  if (textOf(tag) === 'module')
    return fail('holds a whole Python module, not only weights: save its state dict instead');
  const keyText = textOf(key);
  if (
    textOf(tag) !== 'storage' ||
    !isKind(type, 'global') ||
    type.role !== 'storage-class' ||
    keyText === undefined
  ) {
    return fail('an id is not that of a storage');
  }
  const elementBytes = type.type === undefined || type.type === 'bytes' ? 1 : bytesPerElement(type.type);
  if (typeof count !== 'number' || !Number.isSafeInteger(count * elementBytes) || count < 0) {
    return fail(`the storage ${quoted(keyText)} has no valid size`);
  }
  const offset = viewOffset(view, count, fail);
  return { kind: 'storage', key: keyText, type: type.type ?? 'bytes', elementBytes, count, offset };
}

function viewOffset(view: PickleValue | undefined, count: number, fail: Fail): number {
  if (view === undefined || view === null) return 0;
  const [, offset, length] = isKind(view, 'tuple') ? view.items : [];
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (
    valid &&
    (offset as number) >= 0 &&
    (length as number) >= 0 &&
    (offset as number) + (length as number) <= count
  ) {
    return offset as number;
  }
  return fail('a view of a storage does not lie in it');
}

/** Longest name of a record. */
const LONGEST_KEY = 1024;

function textOf(value: PickleValue | undefined): string | undefined {
  const text =
    isKind(value, 'bytes') && value.bytes.byteLength <= LONGEST_KEY
      ? new TextDecoder().decode(value.bytes)
      : value;
  return typeof text === 'string' && text.length <= LONGEST_KEY ? text : undefined;
}

/** A record has one type and one size, however many tensors share it. */
function shared(storages: Map<string, PickleStorage>, storage: PickleStorage, fail: Fail): PickleStorage {
  const known = storages.get(storage.key);
  if (known === undefined) storages.set(storage.key, storage);
  else if (
    (known.type !== storage.type || known.count !== storage.count) &&
    known.count + storage.count > 0
  ) {
    return fail(`the storage ${quoted(storage.key)} is used with two types or sizes`);
  }
  return known?.offset === storage.offset ? known : storage;
}

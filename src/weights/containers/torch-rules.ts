import { containerError, quoted } from './container-error.js';
import { limits } from './container-limits.js';
import type { PickleRules } from './pickle-machine.js';
import { isKind, type PickleGlobal, type PickleStorage, type PickleValue } from './pickle-values.js';
import { describeGlobal } from './torch-globals.js';
import { parseStorage } from './torch-storage.js';
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

const LONGEST_BYTES = 1024;

// Bytes that protocol 2 wrote as text. Long ones are a trainer's own data: their content is not needed.
function encoded([text]: readonly PickleValue[], fail: Fail): PickleValue {
  if (typeof text !== 'string') return fail('bytes are made of what is no text');
  if (text.length > LONGEST_BYTES) return { kind: 'opaque', name: 'bytes' };
  return { kind: 'bytes', bytes: Uint8Array.from(text, (char) => char.charCodeAt(0)) };
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

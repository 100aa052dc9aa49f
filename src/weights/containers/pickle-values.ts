import type { WeightType } from '../weight-store.js';

/**
 * What a pickle may build here: plain data, and descriptions of tensors. Every kind is its own type, so that an opcode
 * meant for one (setting an item, say) can never reach into another.
 */
export type PickleValue = null | boolean | number | bigint | string | PickleNode;

/** The kinds of {@link PickleValue} that are not JavaScript primitives. */
export type PickleNode =
  | PickleBytes
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | PickleOpaque;

/** Tells the kinds apart. */
export function isKind<K extends PickleNode['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleNode, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** Python `bytes`. */
export interface PickleBytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

/** Python `tuple`, and `torch.Size`. */
export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** Python `list`. */
export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

/** Python `dict` and its subclasses. What BUILD gives it (`_metadata` of state dicts) is dropped. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly items: Map<PickleValue, PickleValue>;
}

/** A name of a Python class or function. Nothing is looked up by it: its `role` says how it is interpreted. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
  readonly role: GlobalRole;
  /** Element type that a storage class or a dtype stands for; `bytes` for untyped storages. */
  readonly type?: StorageType | undefined;
}

/** Element type of a storage; `bytes` when only the tensors on it say. */
export type StorageType = WeightType | 'bytes';

/** How a {@link PickleGlobal} is interpreted when it is called. */
export type GlobalRole =
  | 'dict'
  | 'encode'
  | 'opaque'
  | 'refused'
  | 'size'
  | 'storage-class'
  | 'dtype'
  | 'rebuild-tensor'
  | 'rebuild-tensor-typed'
  | 'rebuild-parameter'
  | 'parameter-class';

/** A block of raw elements that tensors are views of. */
export interface PickleStorage {
  readonly kind: 'storage';
  /** Name of its record, or its id in a legacy stream. */
  readonly key: string;
  readonly type: StorageType;
  /** Size of an element: 1 for `bytes`. */
  readonly elementBytes: number;
  /** Elements of the record. */
  readonly count: number;
  /** First element that belongs to this view of the record (legacy streams only; otherwise 0). */
  readonly offset: number;
}

/** A tensor: a strided view of a storage. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly type: WeightType;
  /** Bytes from the start of the storage's record to the first element. */
  readonly byteOffset: number;
  readonly shape: readonly number[];
  /** Elements from one index to the next, for each dimension. */
  readonly strides: readonly number[];
}

/** An object whose content does not matter here. */
export interface PickleOpaque {
  readonly kind: 'opaque';
  readonly name: string;
  /** What BUILD gave it. */
  state?: PickleValue | undefined;
}

import { bytesPerElement } from '../convert.js';
import type { WeightType } from '../weight-store.js';
import { checkedProduct, limits } from './container-limits.js';
import { isKind, type PickleStorage, type PickleTensor, type PickleValue } from './pickle-values.js';

/** Views that repeat elements (`expand`) may be this large, in bytes, even if their storage is smaller. */
const REPEATED_BYTES = 16 * 2 ** 20;

/**
 * Describes a tensor from the arguments of torch's rebuild functions:
 * `(storage, offset, size, stride, requires_grad, hooks[, metadata])`, and with `typed` the dtype before the metadata.
 * Offset and strides count elements. Every element must lie in the storage.
 */
export function torchTensor(
  args: readonly PickleValue[],
  typed: boolean,
  fail: (problem: string) => never,
): PickleTensor {
  const [storage, offset, size, stride] = args;
  if (!isKind(storage, 'storage')) return fail('a tensor has no storage');
  const type = typed ? dtypeOf(args[6]) : storage.type === 'bytes' ? 'u8' : storage.type;
  if (type === undefined) return fail('a tensor has no type that is known here');
  const shape = integers(size);
  const strides = integers(stride);
  if (!isIndex(offset) || shape === undefined || strides?.length !== shape.length) {
    return fail('the offset, sizes or strides of a tensor are not valid');
  }
  if (isConjugated(args[typed ? 7 : 6])) return fail('a tensor is stored as conjugate or negative view');
  checkBounds(storage, type, offset, shape, strides, fail);
  const byteOffset = storage.offset * storage.elementBytes + offset * bytesPerElement(type);
  return { kind: 'tensor', storage, type, byteOffset, shape, strides };
}

function checkBounds(
  storage: PickleStorage,
  type: WeightType,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  fail: (problem: string) => never,
): void {
  const elementBytes = bytesPerElement(type);
  const bytes = checkedProduct([...shape, elementBytes]);
  if (bytes === undefined) fail('a tensor is too large');
  if (bytes === 0) return;
  const storageBytes = storage.count * storage.elementBytes;
  const end = (offset + reach(shape, strides)) * elementBytes + storage.offset * storage.elementBytes;
  // Not "end > storageBytes": sums beyond 2^53 must fail as well.
  if (!(end <= storageBytes)) fail(`a tensor of shape [${shape.join(', ')}] goes beyond its storage`);
  if (bytes > Math.max(storageBytes, REPEATED_BYTES)) {
    fail(`a tensor of shape [${shape.join(', ')}] repeats a storage of ${storageBytes} bytes too often`);
  }
}

/** One past the last element of a view that is not empty, counted from its first. */
export function reach(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 1);
}

function dtypeOf(value: PickleValue | undefined): WeightType | undefined {
  return isKind(value, 'global') && value.role === 'dtype' && value.type !== 'bytes' ? value.type : undefined;
}

function integers(value: PickleValue | undefined): number[] | undefined {
  if (!isKind(value, 'tuple') && !isKind(value, 'list')) return undefined;
  const all: readonly PickleValue[] = value.items;
  const items = all.filter(isIndex);
  return items.length === all.length && items.length <= limits.rank ? items : undefined;
}

function isIndex(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isConjugated(metadata: PickleValue | undefined): boolean {
  return isKind(metadata, 'dict') && [...metadata.items.values()].includes(true);
}

import { AnimateDiffError } from '../core/errors.js';
import { elementCount } from '../core/tensor.js';
import { typeName } from './containers/safetensors-types.js';
import { bytesPerElement } from './convert.js';
import type { RawTensor, TensorEntry } from './weight-store.js';

/** A tensor to be written, with its bytes: little-endian, row-major, contiguous. */
export interface NamedTensor extends RawTensor {
  readonly name: string;
}

/**
 * The first part of a safetensors file: length and header, padded to a multiple of 8 bytes. The file is this, followed by
 * the bytes of every tensor in the order of `entries`, nothing in between: so it can be streamed.
 * @param metadata strings for the header's `__metadata__`; left out when empty.
 * @throws `invalid-options` for a name given twice or reserved, and for sizes that are no whole numbers.
 */
export function safetensorsHeader(
  entries: Iterable<TensorEntry>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const members: string[] = [];
  if (metadata.size > 0)
    members.push(member('__metadata__', `{${[...metadata].map(stringMember).join(',')}}`));
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const entry of entries) {
    if (names.has(entry.name))
      throw new AnimateDiffError('invalid-options', `the tensor name '${entry.name}' is taken`);
    names.add(entry.name);
    const end = offset + byteLengthOf(entry);
    const { type, shape } = entry;
    members.push(
      member(entry.name, JSON.stringify({ dtype: typeName(type), shape, data_offsets: [offset, end] })),
    );
    offset = end;
  }
  return withLength(`{${members.join(',')}}`);
}

/**
 * A whole safetensors file in memory. Tensors lie in the order in which they are given.
 * @throws `invalid-options` when a tensor's bytes do not fit its shape and type, and as {@link safetensorsHeader} does.
 */
export function writeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const list = [...tensors];
  for (const tensor of list) {
    const expected = byteLengthOf(tensor);
    if (tensor.bytes.byteLength === expected) continue;
    const found = `has ${tensor.bytes.byteLength} bytes, but its shape and type take ${expected}`;
    throw new AnimateDiffError('invalid-options', `tensor '${tensor.name}' ${found}`);
  }
  return joined([safetensorsHeader(list, metadata), ...list.map(({ bytes }) => bytes)]);
}

function member(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`;
}

function stringMember([key, value]: [string, string]): string {
  return member(key, JSON.stringify(value));
}

function byteLengthOf({ name, type, shape }: TensorEntry): number {
  const length = elementCount(shape) * bytesPerElement(type);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(length))
    return length;
  throw new AnimateDiffError(
    'invalid-options',
    `tensor '${name}' cannot have the shape [${shape.join(', ')}]`,
  );
}

function withLength(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  const padded = Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

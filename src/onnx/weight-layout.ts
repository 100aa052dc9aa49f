import type { TensorType } from '../core/tensor.js';

/** Bytes of one element of each tensor type. */
export const elementBytes: Readonly<Record<TensorType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Runtimes map files and want cache-line alignment. */
const alignment = 64;

/** Positions beyond 2 GiB break protobuf readers and 32-bit heaps, so a blob ends before. */
const maxBlobBytes = 2 ** 31 - alignment;

/** What has to be placed. */
export interface LayoutRequest {
  readonly name: string;
  readonly type: TensorType;
  readonly byteLength: number;
  /** Of how many equal tensors of the graph it is the bytes; default 1. */
  readonly pieces?: number | undefined;
}

/** Where a tensor lies: in which blob, and at which byte. */
export interface Placement extends LayoutRequest {
  readonly offset: number;
}

/** A file of weights: tensors one after the other, each aligned to 64 bytes. */
export interface WeightBlob {
  readonly location: string;
  readonly byteLength: number;
  readonly tensors: readonly Placement[];
}

/** Packs tensors in the given order into as few blobs below 2 GiB as that order allows. */
export function layOutWeights(prefix: string, requests: readonly LayoutRequest[]): WeightBlob[] {
  const blobs: { location: string; byteLength: number; tensors: Placement[] }[] = [];
  let current: { location: string; byteLength: number; tensors: Placement[] } | undefined;
  for (const request of requests) {
    const { byteLength } = request;
    let offset = current === undefined ? 0 : Math.ceil(current.byteLength / alignment) * alignment;
    if (current === undefined || offset + byteLength > maxBlobBytes) {
      current = { location: `${prefix}-${blobs.length}.weights`, byteLength: 0, tensors: [] };
      blobs.push(current);
      offset = 0;
    }
    current.tensors.push({ ...request, offset });
    current.byteLength = offset + byteLength;
  }
  return blobs;
}

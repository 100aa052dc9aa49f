/**
 * Copies a strided view to contiguous row-major order.
 * @param bytes memory that begins at the view's first element and reaches its last.
 * @param elementBytes 1, 2, 4 or 8.
 * @param strides elements from one index to the next, for each dimension; 0 repeats.
 */
export function toRowMajor(
  bytes: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const { dims, block } = splitContiguous(shape, strides);
  const count = shape.reduce((product, size) => product * size, 1);
  if (block === count) return bytes.subarray(0, count * elementBytes);
  if (block === 1) return gather(bytes, elementBytes, dims, count);
  const copied = new Uint8Array(count * elementBytes);
  const blockBytes = block * elementBytes;
  let at = 0;
  eachIndex(dims, (element) => {
    copied.set(bytes.subarray(element * elementBytes, element * elementBytes + blockBytes), at);
    at += blockBytes;
  });
  return copied;
}

interface Dim {
  readonly size: number;
  readonly stride: number;
}

/** Splits off the innermost dimensions that already lie in order, as one block; dimensions of size 1 do not count. */
function splitContiguous(
  shape: readonly number[],
  strides: readonly number[],
): { dims: Dim[]; block: number } {
  const dims = shape.map((size, i) => ({ size, stride: strides[i]! })).filter(({ size }) => size !== 1);
  let block = 1;
  while (dims.at(-1)?.stride === block) block *= dims.pop()!.size;
  return { dims, block };
}

/** Visits the position of every index of `dims`, in row-major order. */
function eachIndex(dims: readonly Dim[], visit: (element: number) => void, depth = 0, base = 0): void {
  const dim = dims[depth];
  if (dim === undefined) visit(base);
  else for (let i = 0; i < dim.size; i++) eachIndex(dims, visit, depth + 1, base + i * dim.stride);
}

// Single elements, such as those of a transposed matrix: the innermost loop runs on plain typed arrays.
function gather(bytes: Uint8Array, elementBytes: number, dims: readonly Dim[], count: number): Uint8Array {
  const from = elements(bytes.byteOffset % elementBytes === 0 ? bytes : bytes.slice(), elementBytes);
  const copied = new Uint8Array(count * elementBytes);
  const to = elements(copied, elementBytes);
  const { size, stride } = dims.at(-1)!;
  let at = 0;
  eachIndex(dims.slice(0, -1), (base) => {
    for (let i = 0; i < size; i++) to[at++] = from[base + i * stride]!;
  });
  return copied;
}

// Both sides of a copy get the same kind of array, so numbers meet numbers and bigints bigints: one type stands for all.
function elements({ buffer, byteOffset, byteLength }: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(byteLength / elementBytes);
  if (elementBytes === 1) return new Uint8Array(buffer, byteOffset, count);
  if (elementBytes === 2) return new Uint16Array(buffer, byteOffset, count) as unknown as Uint8Array;
  if (elementBytes === 4) return new Uint32Array(buffer, byteOffset, count) as unknown as Uint8Array;
  return new BigUint64Array(buffer, byteOffset, count) as unknown as Uint8Array;
}

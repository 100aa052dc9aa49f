import { AnimateDiffError } from './errors.js';

/** Element types that graphs take and give. `float16` is raw IEEE half bits in a `Uint16Array`. */
export type TensorType = 'float32' | 'float16' | 'int32' | 'int64' | 'int8' | 'uint8' | 'bool';

/** The typed array that carries each {@link TensorType}. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;

/** The class of the typed array of each {@link TensorType}: half floats as raw bits, also where JavaScript has Float16Array. */
export const tensorArrays: {
  readonly float32: Float32ArrayConstructor;
  readonly float16: Uint16ArrayConstructor;
  readonly int32: Int32ArrayConstructor;
  readonly int64: BigInt64ArrayConstructor;
  readonly int8: Int8ArrayConstructor;
  readonly uint8: Uint8ArrayConstructor;
  readonly bool: Uint8ArrayConstructor;
} = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** A dense array in row-major (C) order: the last dimension varies fastest. */
export interface Tensor {
  readonly type: TensorType;
  /** Sizes from the outermost to the innermost dimension; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** The elements. */
  readonly data: TensorData;
}

/** A {@link Tensor} of float32, the type of every latent, embedding and image in this library. */
export interface Float32Tensor extends Tensor {
  readonly type: 'float32';
  /** The elements. */
  readonly data: Float32Array;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Wraps values as a float32 tensor without copying.
 * @throws `invalid-options` when the shape does not hold as many elements as `data`.
 */
export function float32Tensor(data: Float32Array, shape: readonly number[]): Float32Tensor {
  if (elementCount(shape) !== data.length) {
    throw new AnimateDiffError(
      'invalid-options',
      `a tensor of shape [${shape.join(', ')}] has ${elementCount(shape)} elements, but ${data.length} were given`,
    );
  }
  return { type: 'float32', shape, data };
}

/**
 * Views a session's output as float32.
 * @throws `backend` when the tensor has another type.
 */
export function asFloat32(tensor: Tensor | undefined, name: string): Float32Tensor {
  if (tensor?.type !== 'float32' || !(tensor.data instanceof Float32Array)) {
    throw new AnimateDiffError(
      'backend',
      `expected a float32 tensor '${name}', got ${tensor?.type ?? 'nothing'}`,
    );
  }
  return tensor as Float32Tensor;
}

import type { Tensor as OrtTensor } from 'onnxruntime-web';
import { type Tensor, type TensorType, tensorArrays } from '../core/tensor.js';

/** The class of ONNX Runtime's tensors, of whichever package. */
export type OrtTensorClass = new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor;

/** Feeds as ONNX Runtime takes them. Nothing is copied. */
export function ortFeeds(
  OrtTensor: OrtTensorClass,
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, OrtTensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, shape }]) => [
      name,
      new OrtTensor(type as 'float32', data as Float32Array, shape),
    ]),
  );
}

/** An output in this library's terms. Its elements are those of `data`, which may be a copy of the tensor's. */
export function plainTensor({ type, dims }: OrtTensor, data: ArrayBufferView): Tensor {
  const view = new tensorArrays[type as TensorType](
    data.buffer as ArrayBuffer,
    data.byteOffset,
    data.byteLength / tensorArrays[type as TensorType].BYTES_PER_ELEMENT,
  );
  return { type: type as TensorType, shape: [...dims], data: view };
}

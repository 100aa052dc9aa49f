import type { Tensor as OrtTensor } from 'onnxruntime-web';
import { type Tensor, type TensorType, tensorArrays } from '../core/tensor.js';

/** The class of ONNX Runtime's tensors, of whichever package. */
export type OrtTensorClass = new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor;

/** A tensor as ONNX Runtime takes it. Nothing is copied. */
export function ortTensor(OrtTensor: OrtTensorClass, { type, data, shape }: Tensor): OrtTensor {
  return new OrtTensor(type as 'float32', data as Float32Array, shape);
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

import type { Tensor as OrtTensor } from 'onnxruntime-web';
import { type Tensor, type TensorType, tensorArrays } from '../core/tensor.js';
import type { TensorForm } from './backend.js';

/** The class of ONNX Runtime's tensors, of whichever package. */
export type OrtTensorClass = new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor;

/** A tensor as ONNX Runtime takes it. Nothing is copied. */
export function ortTensor(OrtTensor: OrtTensorClass, { type, data, shape }: Tensor): OrtTensor {
  return new OrtTensor(type as 'float32', data as Float32Array, shape);
}

/** Type and dimensions of an output in this library's terms. */
export function formOf({ type, dims }: OrtTensor): TensorForm {
  return { type: type as TensorType, shape: [...dims] };
}

/** An output in this library's terms. Its elements are those of `data`, which may be a copy of the tensor's. */
export function plainTensor(output: OrtTensor, data: ArrayBufferView): Tensor {
  const form = formOf(output);
  const Elements = tensorArrays[form.type];
  const view = new Elements(
    data.buffer as ArrayBuffer,
    data.byteOffset,
    data.byteLength / Elements.BYTES_PER_ELEMENT,
  );
  return { ...form, data: view };
}

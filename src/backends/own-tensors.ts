import type { Tensor } from '../core/tensor.js';

/** Tensors whose buffers can be handed over: a view of part of a buffer, or of shared memory, is copied. */
export function ownTensors(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const { buffer, byteLength } = tensor.data;
      const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
      return [
        name,
        { type: tensor.type, shape: [...tensor.shape], data: whole ? tensor.data : tensor.data.slice() },
      ];
    }),
  );
}

/** The buffers of tensors, each once: what a message may hand over instead of copying. */
export function tensorBuffers(tensors: Readonly<Record<string, Tensor>>): ArrayBuffer[] {
  const buffers = Object.values(tensors).map((tensor) => tensor.data.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}

import type { Tensor as OrtTensor } from 'onnxruntime-web';
import { AnimateDiffError } from '../../core/errors.js';
import { elementCount, tensorArrays } from '../../core/tensor.js';
import type { TensorForm } from '../backend.js';
import type { Holding } from '../held-tensors.js';
import { ortTensor } from '../ort-tensors.js';
import type { GraphicsDevice } from './graphics-device.js';
import type { Ort } from './ort-web-runtime.js';

/** Where a page's held tensor lies: on the card, or in this thread's memory. */
export interface WebPlace {
  readonly tensor: OrtTensor;
  /** The card; `undefined`: this thread. */
  readonly graphics: GraphicsDevice | undefined;
}

/** A card, and the largest buffer that may be made there, in bytes. */
interface Card {
  readonly graphics: GraphicsDevice;
  readonly maxBufferBytes: number;
}

/** The held tensor as a session on a card takes it, brought there if it is not there yet. */
export function placedTensor(ort: Ort, card: Card | undefined, holding: Holding<WebPlace>): OrtTensor {
  const graphics = card?.graphics;
  const { content, place, form } = holding;
  if (place !== undefined) {
    if (place.graphics === graphics) return place.tensor;
    const message = 'the graphics card was taken away, and with it a held tensor';
    throw new AnimateDiffError('backend', message, { details: { reason: 'device-lost' } });
  }
  // Never without content: a run is not lent what is empty.
  const data = content!.data;
  const tensor = card ? bufferTensor(ort, card, form, data) : ortTensor(ort.Tensor, content!);
  holding.place = { tensor, graphics };
  holding.content = undefined;
  return tensor;
}

/** Puts an output in place of what was held. */
export function putTensor(
  holding: Holding<WebPlace>,
  tensor: OrtTensor,
  graphics: GraphicsDevice | undefined,
): void {
  holding.place?.tensor.dispose();
  holding.content = undefined;
  holding.place = { tensor, graphics };
}

/**
 * A tensor in a buffer of its own on the card. ONNX Runtime could keep an output by itself, but only in sessions that keep
 * that output always, and in memory that goes with the session.
 * @throws `out-of-memory` when no buffer may be so large.
 */
export function bufferTensor(
  { Tensor }: Ort,
  { graphics: { device }, maxBufferBytes }: Card,
  { type, shape }: TensorForm,
  data?: ArrayBufferView,
): OrtTensor {
  const byteLength = elementCount(shape) * tensorArrays[type].BYTES_PER_ELEMENT;
  // The runtime copies and binds whole blocks of 16 bytes.
  const size = Math.max(Math.ceil(byteLength / 16), 1) * 16;
  if (size > maxBufferBytes) {
    throw new AnimateDiffError(
      'out-of-memory',
      `a held tensor of ${byteLength} bytes is larger than the ${maxBufferBytes} that a buffer of this card holds`,
      { details: { byteLength, maxBufferBytes } },
    );
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size, usage, mappedAtCreation: data !== undefined });
  if (data !== undefined) {
    new Uint8Array(buffer.getMappedRange()).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    buffer.unmap();
  }
  return Tensor.fromGpuBuffer(buffer, {
    dataType: type as 'float32',
    dims: [...shape],
    dispose: () => buffer.destroy(),
  });
}

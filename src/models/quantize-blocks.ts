import { yieldToEventLoop } from '../core/yield.js';
import { blockSize, type WeightBits, zeroPoint } from '../onnx/quantized-linear.js';

/** A matrix in integers, and what they stand for. */
export interface QuantizedMatrix {
  readonly weight: Uint8Array;
  readonly scales: Float32Array;
}

/** Blocks done at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceBlocks = 2 ** 15;

/**
 * A matrix in blocks of 32 along its rows, which must be of whole blocks, as MatMulNBits takes it. Each block's value
 * of the largest magnitude becomes the lowest integer, of which there is one more than of positive ones; the others are
 * rounded to the nearest. So does llama.cpp's Q4_0.
 */
export async function quantizeBlocks(
  matrix: Float32Array,
  bits: WeightBits,
  signal?: AbortSignal,
): Promise<QuantizedMatrix> {
  const blocks = matrix.length / blockSize;
  const weight = new Uint8Array((matrix.length * bits) / 8);
  const scales = new Float32Array(blocks);
  for (let start = 0; start < blocks; start += sliceBlocks) {
    const end = Math.min(blocks, start + sliceBlocks);
    for (let block = start; block < end; block++) {
      scales[block] = -extreme(matrix, block * blockSize) / zeroPoint(bits);
      // As the runtime has it, rounded to float32.
      const scale = scales[block]!;
      if (bits === 8) roundBlock(weight, matrix, block * blockSize, scale);
      else roundPairs(weight, matrix, block * blockSize, scale);
    }
    if (end < blocks) await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return { weight, scales };
}

/** The value of the largest magnitude, with its sign. */
function extreme(matrix: Float32Array, start: number): number {
  let [low, high] = [0, 0];
  for (let i = start; i < start + blockSize; i++) {
    const value = matrix[i]!;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  return high > -low ? high : low;
}

function roundBlock(into: Uint8Array, matrix: Float32Array, start: number, scale: number): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = start; i < start + blockSize; i++) {
    into[i] = Math.min(255, (matrix[i]! * inverse + 128.5) | 0);
  }
}

function roundPairs(into: Uint8Array, matrix: Float32Array, start: number, scale: number): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = start; i < start + blockSize; i += 2) {
    const first = Math.min(15, (matrix[i]! * inverse + 8.5) | 0);
    const second = Math.min(15, (matrix[i + 1]! * inverse + 8.5) | 0);
    into[i / 2] = first | (second << 4);
  }
}

import { yieldToEventLoop } from '../core/yield.js';
import type { QuantizedMatrix } from './quantize-blocks.js';

/** Elements done at a time: a few milliseconds, so that an application's event loop stays live while it loads. */
const sliceElements = 2 ** 20;

/** Outputs done at a time, whose integers lie side by side: as many bytes as a cache line has. */
const group = 64;

/** Largest integer; -128 is left out, so that both signs have as many. */
const limit = 127;

/** Sizes of {@link quantizeColumns}. */
export interface ColumnSizes {
  readonly out: number;
  readonly inSize: number;
  /** Pieces along `out`, each transposed by itself. */
  readonly pieces: number;
}

/**
 * A matrix `[out, in]` as int8 of `[pieces, in, out / pieces]`, with a scale for each output, as DynamicQuantizeMatMul
 * takes it.
 */
export async function quantizeColumns(
  matrix: Float32Array,
  { out, inSize, pieces }: ColumnSizes,
  signal?: AbortSignal,
): Promise<QuantizedMatrix> {
  const weight = new Uint8Array(matrix.length);
  const scales = new Float32Array(out);
  const width = out / pieces;
  let done = 0;
  for (let start = 0; start < out; ) {
    // No group reaches into the next piece.
    const end = Math.min(start + group, (Math.floor(start / width) + 1) * width);
    for (let row = start; row < end; row++) scales[row] = largest(matrix, row * inSize, inSize) / limit;
    const inverses = Float64Array.from(scales.subarray(start, end), (scale) => (scale === 0 ? 0 : 1 / scale));
    const at = Math.floor(start / width) * inSize * width + (start % width);
    for (let column = 0; column < inSize; column++) {
      for (let k = 0; k < end - start; k++) {
        weight[at + column * width + k] = Math.round(matrix[(start + k) * inSize + column]! * inverses[k]!);
      }
    }
    done += (end - start) * inSize;
    if (done >= sliceElements) {
      done = 0;
      await yieldToEventLoop();
    }
    signal?.throwIfAborted();
    start = end;
  }
  return { weight, scales };
}

function largest(matrix: Float32Array, start: number, count: number): number {
  let found = 0;
  for (let i = start; i < start + count; i++) found = Math.max(found, Math.abs(matrix[i]!));
  return found;
}

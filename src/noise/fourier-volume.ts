import { yieldToEventLoop } from '../core/yield.js';
import { type FourierTransform, fourierTransform } from './fourier.js';

/** Sizes of a volume whose last dimension varies fastest. */
export type VolumeSize = readonly [frames: number, height: number, width: number];

/** The three-dimensional discrete Fourier transform of one size, in place, the zero frequency first in each dimension. */
export interface VolumeTransform {
  /** Not normalised. Rejects with the signal's reason when it aborts. */
  forward(re: Float64Array, im: Float64Array, signal?: AbortSignal | undefined): Promise<void>;
  /** Divided by the number of values. Rejects with the signal's reason when it aborts. */
  inverse(re: Float64Array, im: Float64Array, signal?: AbortSignal | undefined): Promise<void>;
}

/** Values transformed before others get their turn: a few milliseconds. */
const turn = 1 << 15;

/** Prepares the transform of a volume: one along each dimension in turn. */
export function volumeTransform(size: VolumeSize): VolumeTransform {
  const transforms = new Map([...new Set(size)].map((length) => [length, fourierTransform(length)]));
  const along = (direction: 'forward' | 'inverse'): VolumeTransform['forward'] => {
    return async (re, im, signal) => {
      let stride = 1;
      for (const length of size.toReversed()) {
        await eachLine(transforms.get(length)!, direction, stride, re, im, signal);
        stride *= length;
      }
    };
  };
  return { forward: along('forward'), inverse: along('inverse') };
}

/** Transforms every line of values that lie `stride` apart. */
async function eachLine(
  transform: FourierTransform,
  direction: 'forward' | 'inverse',
  stride: number,
  re: Float64Array,
  im: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = transform;
  if (size === 1) return;
  const [lineRe, lineIm] = [new Float64Array(size), new Float64Array(size)];
  let done = 0;
  for (let block = 0; block < re.length; block += size * stride) {
    for (let start = block; start < block + stride; start++) {
      for (let k = 0, i = start; k < size; k++, i += stride) {
        lineRe[k] = re[i]!;
        lineIm[k] = im[i]!;
      }
      transform[direction](lineRe, lineIm);
      for (let k = 0, i = start; k < size; k++, i += stride) {
        re[i] = lineRe[k]!;
        im[i] = lineIm[k]!;
      }
      done += size;
      if (done < turn) continue;
      done = 0;
      await yieldToEventLoop();
      signal?.throwIfAborted();
    }
  }
}

import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { invalid } from './component-options.js';
import type { TravelInterpolation } from './travel-options.js';
import type { TravelWeight } from './travel-weights.js';

/** Above this cosine the angle is too small to divide by its sine, and an arc is a straight line. */
const straight = 0.9995;

/**
 * The embeddings of frames between keyframes, each mixed from the two keyframes' own embeddings. At a keyframe they are
 * the keyframe's, bit for bit.
 *
 * @param keyframes `[keyframes, tokens, width]`.
 * @param weights One for each frame that is wanted, so a part of the animation's gives the embeddings of that part.
 * @returns `[frames, tokens, width]`.
 * @throws `invalid-options` when a weight is of a keyframe that is not there.
 */
export function travelEmbeddings(
  keyframes: Float32Tensor,
  weights: readonly TravelWeight[],
  interpolation: TravelInterpolation = 'linear',
): Float32Tensor {
  const [count, tokens, width] = keyframes.shape;
  if (keyframes.shape.length !== 3 || count === undefined || tokens === undefined || width === undefined) {
    invalid(`embeddings: expected [keyframes, tokens, width], got [${keyframes.shape.join(', ')}]`);
  }
  const size = tokens * width;
  const result = new Float32Array(weights.length * size);
  for (const [frame, { from, to, share }] of weights.entries()) {
    const missing = [from, to].find((key) => !Number.isInteger(key) || key < 0 || key >= count);
    if (missing !== undefined) invalid(`travel: keyframe ${missing} of ${count} does not exist`);
    const [a, b] = [from, to].map((key) => keyframes.data.subarray(key * size, (key + 1) * size));
    const out = result.subarray(frame * size, (frame + 1) * size);
    if (share === 0) out.set(a!);
    else for (let at = 0; at < size; at += width) mixToken(a!, b!, out, at, width, share, interpolation);
  }
  return float32Tensor(result, [weights.length, tokens, width]);
}

function mixToken(
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  at: number,
  width: number,
  share: number,
  interpolation: TravelInterpolation,
): void {
  const [partA, partB] =
    interpolation === 'spherical' ? arcParts(cosine(a, b, at, width), share) : [1 - share, share];
  for (let i = at; i < at + width; i++) out[i] = partA * a[i]! + partB * b[i]!;
}

function cosine(a: Float32Array, b: Float32Array, at: number, width: number): number {
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let i = at; i < at + width; i++) {
    dot += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return dot / Math.sqrt(squareA * squareB);
}

function arcParts(cos: number, share: number): [number, number] {
  // Also for NaN, the cosine with a vector of zeros.
  if (!(Math.abs(cos) <= straight)) return [1 - share, share];
  const angle = Math.acos(cos);
  const sine = Math.sin(angle);
  return [Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine];
}

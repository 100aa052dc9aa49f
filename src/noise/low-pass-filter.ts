import type { VolumeSize } from './fourier-volume.js';
import { type FreeInitOptions, type ResolvedFreeInit, resolveFreeInit } from './free-init-options.js';

/** A value for each place along a dimension, in the order of a Fourier transform. */
type Axis = readonly number[];

/**
 * Gains of FreeInit's low-pass filter, `[frames, height, width]`, the zero frequency first in each dimension (as a
 * Fourier transform gives it, not shifted to the middle).
 *
 * Place i of n in the shifted order counts as 2i/n − 1, as in the original and in diffusers. In odd sizes the zero
 * frequency then lies 1/n off the centre; of a single frame hardly anything passes.
 * @throws `invalid-options` that lists every wrong option.
 */
export function lowPassFilter(options: FreeInitOptions | undefined, size: VolumeSize): Float32Array {
  const resolved = resolveFreeInit(options);
  const [frames, height, width] = size;
  const gains = new Float32Array(frames * height * width);
  // No division by a stop frequency of 0.
  if (resolved.spatialStopFrequency === 0 || resolved.temporalStopFrequency === 0) return gains;
  const gain = resolved.filter === 'box' ? inBox : roundGain(resolved);
  const [byFrame, byRow, byColumn] =
    resolved.filter === 'box' ? boxAxes(resolved, size) : roundAxes(resolved, size);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let row = 0; row < height; row++) {
      const start = byFrame[frame]! + byRow[row]!;
      for (let column = 0; column < width; column++) gains[at++] = gain(start + byColumn[column]!);
    }
  }
  return gains;
}

/** Gain by squared distance from the middle. */
function roundGain({
  filter,
  order,
  spatialStopFrequency: stop,
}: ResolvedFreeInit): (squared: number) => number {
  switch (filter) {
    case 'gaussian':
      return (squared) => Math.exp(-squared / (2 * stop ** 2));
    case 'ideal':
      return (squared) => (squared <= 2 * stop ? 1 : 0);
    default:
      return (squared) => 1 / (1 + (squared / stop ** 2) ** order);
  }
}

/** Squared distances from the middle. */
function roundAxes(
  { spatialStopFrequency, temporalStopFrequency }: ResolvedFreeInit,
  [frames, height, width]: VolumeSize,
): [Axis, Axis, Axis] {
  const squares = (size: number, scale: number): Axis =>
    axis(size, (place) => (scale * ((2 * place) / size - 1)) ** 2);
  const ratio = spatialStopFrequency / temporalStopFrequency;
  return [squares(frames, ratio), squares(height, 1), squares(width, 1)];
}

/**
 * 1 outside of the box, else 0. It goes from −threshold to threshold − 1 around the middle; the height decides in both
 * spatial dimensions.
 */
function boxAxes(
  { spatialStopFrequency, temporalStopFrequency }: ResolvedFreeInit,
  [frames, height, width]: VolumeSize,
): [Axis, Axis, Axis] {
  const spatial = roundHalfEven(Math.floor(height / 2) * spatialStopFrequency);
  const temporal = roundHalfEven(Math.floor(frames / 2) * temporalStopFrequency);
  const outside = (size: number, threshold: number): Axis =>
    axis(size, (place) => {
      const distance = place - Math.floor(size / 2);
      return distance >= -threshold && distance < threshold ? 0 : 1;
    });
  return [outside(frames, temporal), outside(height, spatial), outside(width, spatial)];
}

function inBox(outside: number): number {
  return outside === 0 ? 1 : 0;
}

/** Values by the place that a frequency has when the zero frequency is moved to the middle. */
function axis(size: number, value: (place: number) => number): Axis {
  return Array.from({ length: size }, (_, index) => value((index + Math.floor(size / 2)) % size));
}

/** Python's `round`, which the original uses. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

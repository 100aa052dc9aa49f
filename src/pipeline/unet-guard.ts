import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import type { Tensor } from '../core/tensor.js';
import type { Warning } from '../core/warnings.js';
import type { Precision } from '../models/precision.js';

/**
 * What happens when a UNet in float16 predicts NaN or infinity: the generation ends with an error, or the UNet is loaded
 * in float32, the step taken again with it, and so the rest. In float32 it is always an error.
 */
export type OnNonFinite = 'error' | 'retryFloat32';

/** A prediction that cannot be used. */
export interface NonFinite {
  /** NaN or an infinity. */
  readonly value: number;
  /** The frames of the clip that hold such. */
  readonly frames: readonly number[];
  /** The window that was predicted; `undefined` when the network saw the whole clip. */
  readonly window: { readonly index: number; readonly frames: readonly number[] } | undefined;
}

/** Where the sampler was. */
export interface StepPlace {
  readonly step: number;
  readonly timestep: number;
}

/** The precision of one generation's UNet, which may change on the way. */
export interface UnetGuard {
  /** What the UNet has to be in from now on; `undefined`: as the pipeline was loaded. */
  precision: Precision | undefined;
  /** What was noticed so far. */
  readonly warnings: Warning[];
  /** Falls back to float32. @throws `numerics` where that is no way out, or not wanted. */
  fallBack(found: NonFinite, place: StepPlace): Warning;
}

/** @param loaded Precision that the pipeline loads the UNet in. */
export function unetGuard(loaded: Precision, onNonFinite: OnNonFinite): UnetGuard {
  const guard: UnetGuard = {
    precision: undefined,
    warnings: [],
    fallBack(found, place) {
      const now = guard.precision ?? loaded;
      if (now === 'float32' || onNonFinite === 'error') throw nonFiniteError(found, place, now);
      guard.precision = 'float32';
      const message = `in float16 ${sentence(found, place)}; from this step on the UNet runs in float32`;
      const warning: Warning = { code: 'float32-retry', message };
      guard.warnings.push(warning);
      return warning;
    },
  };
  return guard;
}

/** What is wrong with a prediction `[1, channels, frames, height, width]`, if anything. */
export function nonFinite(
  data: Float32Array,
  shape: Tensor['shape'],
  window: NonFinite['window'],
): NonFinite | undefined {
  const first = firstNonFinite(data);
  if (first < 0) return undefined;
  const frames = shape[2]!;
  const size = shape[3]! * shape[4]!;
  const bad = new Set<number>();
  for (let start = 0; start < data.length; start += size) {
    const frame = (start / size) % frames;
    if (firstNonFinite(data.subarray(start, start + size)) >= 0) bad.add(window?.frames[frame] ?? frame);
  }
  return { value: data[first]!, frames: [...bad].sort((a, b) => a - b), window };
}

function nonFiniteError(found: NonFinite, place: StepPlace, precision: Precision): AnimateDiffError {
  const remedy =
    precision === 'float16'
      ? "float16 may be too narrow for this model: leave onNonFinite out, or load with precision: 'float32'"
      : "a weight or the prompt's embedding is out of range for this model";
  const { frames, window } = found;
  return new AnimateDiffError('numerics', `${sentence(found, place)}; ${remedy}`, {
    details: { ...place, frames, window, precision },
  });
}

function sentence({ value, frames, window }: NonFinite, { step, timestep }: StepPlace): string {
  const where = window ? `, window ${window.index} (frames ${window.frames.join(', ')})` : '';
  const several = frames.length === 1 ? 'frame' : 'frames';
  return `the UNet predicted ${value} at step ${step} (timestep ${timestep})${where}, in ${several} ${frames.join(', ')}`;
}

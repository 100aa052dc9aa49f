import { AnimateDiffError } from '../core/errors.js';
import { type LiveChange, liveInputs } from '../models/live-weights.js';
import type { WeightSource } from '../models/weight-source.js';
import { type NamedTensor, writeSafetensors } from '../weights/safetensors-writer.js';
import { originalLoraNames } from './original-names.js';
import type { StartValue, TrainedPart } from './train-unet.js';
import { trainingRandom } from './training-random.js';

/** Which weights get a low-rank change. */
export interface LoraRequest {
  readonly weights: WeightSource;
  /** Told each name of a weight. */
  readonly isTarget: (name: string) => boolean;
  readonly rank: number;
  readonly seed: number;
  /** What has none, for the error. */
  readonly what: string;
}

/**
 * Low-rank changes of projections, trained as matrices beside frozen weights (Hu et al. 2021, "LoRA", section 4.1). The
 * way up begins at zero, so that the first step sees the model as it is; the way down with a deviation of `1 / rank`.
 * @throws `weights-mismatch` when the model has none of the weights.
 */
export function loraPart({ weights, isTarget, rank, seed, what }: LoraRequest): TrainedPart {
  const targets = [...weights.names].filter(isTarget).sort();
  if (targets.length === 0) {
    throw new AnimateDiffError('weights-mismatch', `${weights.label} has no ${what}`);
  }
  const start = new Map<string, StartValue>();
  const live = new Map<string, LiveChange>();
  const sizes = new Map<string, number>();
  for (const [index, name] of targets.entries()) {
    const [out = 0, ...rest] = weights.shape(name)!;
    const inSize = rest.reduce((product, size) => product * size, 1);
    const { up, down } = liveInputs(name);
    const drawn = trainingRandom(seed, 'weights', index).normal(rank * inSize);
    start.set(up, { shape: [out, rank], values: new Float32Array(out * rank) });
    start.set(down, { shape: [rank, inSize], values: drawn.map((value) => value / rank) });
    live.set(name, { rank, dense: false });
    sizes.set(`rank of ${name}`, rank);
  }
  return {
    start,
    live,
    sizes,
    file: (valuesOf) =>
      writeSafetensors(
        targets.flatMap((name) => {
          const inputs = liveInputs(name);
          const names = originalLoraNames(name);
          return [namedTensor(names.down, valuesOf(inputs.down)), namedTensor(names.up, valuesOf(inputs.up))];
        }),
      ),
  };
}

/** Values as a tensor of a file. */
export function namedTensor(name: string, { shape, values }: StartValue): NamedTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, type: 'f32', shape, bytes };
}

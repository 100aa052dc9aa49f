import { type Float32Tensor, float32Tensor } from '../../core/tensor.js';
import { cast } from '../../onnx/cast.js';
import { multiplyDims } from '../../onnx/dim.js';
import { add, divide, maximum, multiply, subtract } from '../../onnx/elementwise.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { linear, matmul } from '../../onnx/linear.js';
import { reduce } from '../../onnx/reduce.js';
import { concat, reshape, sliceAt, split } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import type { UnetConfig } from '../unet-config.js';
import type { FreeUVersion } from '../unet-form.js';
import { freeUWaveCount, freeUWaves } from './free-u-waves.js';

/** A layer of the way up. */
export interface UpLayer {
  /** Its level, from the finest. */
  readonly level: number;
  /** Its number in the level. */
  readonly index: number;
}

/** What tells where FreeU's stages are. */
export type UpLayout = Pick<UnetConfig, 'blockOutChannels' | 'layersPerBlock'>;

/** Which pair of factors a layer takes: 0 for b1 and s1, 1 for b2 and s2, `undefined` for none. */
export function freeUStage(
  version: FreeUVersion,
  { level, index }: UpLayer,
  { blockOutChannels }: UpLayout,
): 0 | 1 | undefined {
  const coarsest = blockOutChannels.length - 1;
  // Version 1: the first two blocks. Version 2: by the width of what comes in, which is that of the level it comes from.
  const source = index === 0 ? Math.min(level + 1, coarsest) : level;
  const stage = version === 1 ? coarsest - level : Math.max(2 - source, 0);
  return stage === 0 || stage === 1 ? stage : undefined;
}

/** Puts a layer's backbone and skip features, both `[images, channels, height, width]`, side by side, weighted. */
export type FreeU = (backbone: Value, skip: Value, layer: UpLayer) => Value;

/**
 * FreeU (Si et al., "FreeU: Free Lunch in Diffusion U-Net", 2023, section 3.2): the first half of the backbone's channels
 * is enlarged, the low frequencies of the skip are reduced. Version 1 is diffusers' `utils/torch_utils.py` apply_freeu;
 * version 2, ComfyUI's FreeU_V2, enlarges the backbone where its mean over the channels is large. Its inputs:
 *
 * - `free_u` float32 `[2, 2]`: by stage, the factors of backbone and skip less 1; all 0 changes nothing;
 * - `free_u_waves_` and the level, float32 `['height * width', 7]` in that level's sizes: see {@link freeUWaves}.
 *
 * Costs 28 multiplications and additions an element of the skip, a thousandth of the convolution that follows, and three
 * passes over its memory; the backbone is copied once more than without.
 */
export function freeU(g: GraphBuilder, version: FreeUVersion, layout: UpLayout): FreeU {
  let gains: Value | undefined;
  const waves = new Map<number, Value>();
  const wavesOf = (level: number, skip: Value): Value => {
    const area = multiplyDims(skip.shape[2]!, skip.shape[3]!);
    const known = waves.get(level) ?? g.input(wavesInput(level), 'float32', [area, freeUWaveCount]);
    waves.set(level, known);
    return known;
  };
  return (backbone, skip, layer) => {
    const stage = freeUStage(version, layer, layout);
    if (stage === undefined) return concat(g, [backbone, skip], 1);
    return g.scope(`free_u.${layer.index}`, () => {
      gains ??= g.input('free_u', 'float32', [2, 2]);
      const [gain, skipGain] = split(g, sliceAt(g, gains, stage), 2, 0) as [Value, Value];
      // Sums over all pixels and all channels are taken in float32: their differences are small.
      const enlarged = enlargedHalves(g, version, backbone, gain);
      const reduced = filtered(g, cast(g, skip, 'float32'), wavesOf(layer.level, skip), skipGain);
      return concat(g, [...enlarged, cast(g, reduced, skip.type)], 1);
    });
  };
}

function wavesInput(level: number): string {
  return `free_u_waves_${level}`;
}

function enlargedHalves(g: GraphBuilder, version: FreeUVersion, backbone: Value, gain: Value): Value[] {
  const [first, second] = split(g, backbone, 2, 1) as [Value, Value];
  const gains = version === 1 ? gain : multiply(g, stretchedMean(g, cast(g, backbone, 'float32')), gain);
  const factors = add(g, gains, g.constant(Float32Array.of(1)));
  return [multiply(g, first, cast(g, factors, first.type)), second];
}

/** Smaller ranges are those of an even image, whose stretched mean is 0; ComfyUI divides them by 0. */
const smallestRange = 1e-6;

/** Each image's mean over the channels `[images, 1, height, width]`, stretched to reach from 0 to 1. */
function stretchedMean(g: GraphBuilder, x: Value): Value {
  const mean = reduce(g, 'mean', x, [1]);
  const least = reduce(g, 'min', mean, [2, 3]);
  const range = subtract(g, reduce(g, 'max', mean, [2, 3]), least);
  return divide(g, subtract(g, mean, least), maximum(g, range, g.constant(Float32Array.of(smallestRange))));
}

/** The skip plus `gain` times its low frequencies. */
function filtered(g: GraphBuilder, skip: Value, waves: Value, gain: Value): Value {
  const [images, channels, height, width] = skip.shape;
  const planes = reshape(g, skip, [multiplyDims(images!, channels!), multiplyDims(height!, width!)]);
  const amounts = multiply(g, matmul(g, planes, waves), gain);
  return reshape(g, linear(g, amounts, waves, planes), skip.shape);
}

/** FreeU's factors; 1 leaves all as it is. */
export interface FreeUFactors {
  /** Of the backbone in the first stage. */
  readonly b1: number;
  /** Of the backbone in the second stage. */
  readonly b2: number;
  /** Of the skip's low frequencies in the first stage. */
  readonly s1: number;
  /** Of the skip's low frequencies in the second stage. */
  readonly s2: number;
}

/** The inputs of {@link freeU} for latents of a height and width. */
export function freeUFeeds(
  version: FreeUVersion,
  { b1, b2, s1, s2 }: FreeUFactors,
  layout: UpLayout,
  latents: { readonly height: number; readonly width: number },
): Record<string, Float32Tensor> {
  const feeds = { free_u: float32Tensor(Float32Array.of(b1 - 1, s1 - 1, b2 - 1, s2 - 1), [2, 2]) };
  const indices = Array.from({ length: layout.layersPerBlock + 1 }, (_, index) => index);
  let { height, width } = latents;
  for (const level of layout.blockOutChannels.keys()) {
    if (indices.some((index) => freeUStage(version, { level, index }, layout) !== undefined)) {
      const waves = float32Tensor(freeUWaves(height, width), [height * width, freeUWaveCount]);
      Object.assign(feeds, { [wavesInput(level)]: waves });
    }
    // As the convolution that halves a level's size rounds.
    [height, width] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  }
  return feeds;
}

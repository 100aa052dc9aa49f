import { multiplyDims } from '../../onnx/dim.js';
import { add, multiply } from '../../onnx/elementwise.js';
import { centred, instanceNorm } from '../../onnx/norm.js';
import { inferred, reshape, transpose } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import type { Clip } from './clip.js';
import { asCompute, asFloat32, type Net } from './net.js';
import type { NormStatistics } from './norm-statistics.js';

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  groups: number;
  epsilon: number;
  /** When given, statistics are taken over all frames of a clip instead of one frame at a time. */
  acrossFrames?: Clip | undefined;
  /** When given, statistics come from there. Not with `acrossFrames`. */
  statistics?: NormStatistics | undefined;
}

/**
 * Group normalisation `name` over images `[images, channels, height, width]` (Wu and He 2018), through
 * InstanceNormalization: the one form with fast kernels on every provider of ONNX Runtime.
 */
export function groupNorm(net: Net, name: string, x: Value, options: GroupNormOptions): Value {
  const { g } = net;
  return net.scope(name, () => {
    const channels = x.shape[1] as number;
    if (channels % options.groups !== 0) {
      g.fail(
        `${channels} channels cannot be normalised in ${options.groups} groups; the config's norm_num_groups does not fit these weights`,
      );
    }
    // Sums of squares over a group leave float16's range, and some kernels then give wrong numbers without a NaN.
    const wide = asFloat32(net, x);
    const normal = options.acrossFrames
      ? normalizeClip(net, wide, options, options.acrossFrames)
      : normalize(net, wide, options);
    const scaled = multiply(g, normal, net.island.weight('weight', [channels], [channels, 1, 1]));
    return asCompute(net, add(g, scaled, net.island.weight('bias', [channels], [channels, 1, 1])));
  });
}

function normalize(net: Net, x: Value, { groups, epsilon, statistics }: GroupNormOptions): Value {
  const grouped = reshape(net.g, x, [x.shape[0]!, groups, inferred]);
  if (statistics) return reshape(net.g, statistics.normalize(grouped, epsilon), x.shape);
  const even = (x.shape[1] as number) / groups < 4 ? centred(net.g, grouped) : grouped;
  return reshape(net.g, oneEpsilonNorm(net, even, epsilon), x.shape);
}

/** Of the residual blocks, which are the first to be computed. */
const usualEpsilon = 1e-5;

/**
 * Instance normalisation with the same epsilon everywhere in a graph that may run on a graphics card: ONNX Runtime 1.30's
 * WebGPU keeps the kernel of the first epsilon that it meets and uses it for all others. Larger values take the place of
 * a smaller epsilon: `x` times `s` with `s² epsilon` gives the same as `x` with `epsilon`.
 */
function oneEpsilonNorm(net: Net, x: Value, epsilon: number): Value {
  const { g } = net;
  // The CPU's own forms run nowhere else.
  if (epsilon === usualEpsilon || net.dialect.has('FusedConv')) return instanceNorm(g, x, epsilon);
  const factor = g.constant(Float32Array.of(Math.sqrt(usualEpsilon / epsilon)), [1], x.type);
  return instanceNorm(g, multiply(g, x, factor), usualEpsilon);
}

// Frames lie outside of channels in [batch*frames, channels, …], so they are brought next to the pixels first.
function normalizeClip(
  net: Net,
  x: Value,
  { groups, epsilon }: GroupNormOptions,
  { batch, frames }: Clip,
): Value {
  const { g } = net;
  const [, channels, height, width] = x.shape;
  const pixels = multiplyDims(height!, width!);
  const clips = transpose(g, reshape(g, x, [batch, frames, channels!, pixels]), [0, 2, 1, 3]);
  const normal = oneEpsilonNorm(net, reshape(g, clips, [batch, groups, inferred]), epsilon);
  const back = transpose(g, reshape(g, normal, [batch, channels!, frames, pixels]), [0, 2, 1, 3]);
  return reshape(g, back, x.shape);
}

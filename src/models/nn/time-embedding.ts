import { cos, multiply, sin } from '../../onnx/elementwise.js';
import { concat, reshape } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { dense, swish } from './layers.js';
import type { Net } from './net.js';

/** Options of {@link timeEmbedding}. */
export interface TimeEmbeddingOptions {
  /** Length of the sinusoidal part: the first level's channels. */
  size: number;
  /** Length of the embedding. */
  outSize: number;
  /** Cosines before sines; default in Stable Diffusion. */
  flipSinToCos: boolean;
  freqShift: number;
}

/**
 * SiLU of the embedding of a timestep `[1]`, as every residual block takes it: `[1, outSize]`.
 * As diffusers `models/embeddings.py` get_timestep_embedding and TimestepEmbedding.
 */
export function timeEmbedding(net: Net, timestep: Value, options: TimeEmbeddingOptions): Value {
  const { g } = net;
  const angles = multiply(
    g,
    reshape(g, timestep, [1, 1]),
    g.constant(frequencies(options), [1, options.size / 2]),
  );
  const waves = options.flipSinToCos ? [cos(g, angles), sin(g, angles)] : [sin(g, angles), cos(g, angles)];
  return net.scope('time_embedding', () => {
    const hidden = swish(net, dense(net, 'linear_1', concat(g, waves, 1), options.outSize));
    return swish(net, dense(net, 'linear_2', hidden, options.outSize));
  });
}

// Rounded to float32 where torch rounds: at t = 999 a frequency's last bit is visible in the angle.
function frequencies({ size, freqShift }: TimeEmbeddingOptions): Float32Array {
  const half = size / 2;
  const log = Math.fround(-Math.log(10000));
  return Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(log * i) / (half - freqShift))),
  );
}

import type { Value } from '../../onnx/value.js';
import { dense, swish } from './layers.js';
import { asCompute, type Net } from './net.js';

/** How a timestep is turned into waves. */
export interface TimestepWaves {
  /** Number of waves: the first level's channels. */
  readonly size: number;
  /** Cosines before sines, as in Stable Diffusion. */
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/**
 * Sinusoidal waves `[size]` of a timestep (diffusers `models/embeddings.py` get_timestep_embedding). Computed here and
 * not in the graph: angles reach 999 radians, where the sines of graphics cards are off by a thousandth and more. Rounded
 * to float32 where torch rounds, since the last bit of a frequency is visible in such an angle.
 */
export function timestepWaves(
  timestep: number,
  { size, flipSinToCos, freqShift }: TimestepWaves,
): Float32Array {
  const half = size / 2;
  const log = Math.fround(-Math.log(10000));
  const waves = new Float32Array(size);
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(Math.exp(Math.fround(Math.fround(log * i) / (half - freqShift))));
    const angle = Math.fround(timestep * frequency);
    waves[flipSinToCos ? half + i : i] = Math.sin(angle);
    waves[flipSinToCos ? i : half + i] = Math.cos(angle);
  }
  return waves;
}

/**
 * SiLU of the embedding of waves `[times, size]`, as every residual block takes it: `[times, outSize]`. As diffusers
 * `models/embeddings.py` TimestepEmbedding.
 */
export function timeEmbedding(net: Net, waves: Value, outSize: number): Value {
  const { island } = net;
  const embedded = net.scope('time_embedding', () => {
    const hidden = swish(island, dense(island, 'linear_1', waves, outSize, { fewRows: true }));
    return swish(island, dense(island, 'linear_2', hidden, outSize, { fewRows: true }));
  });
  return asCompute(net, embedded);
}

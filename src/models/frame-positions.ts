import type { Warning } from '../core/warnings.js';
import type { WeightSource } from './weight-source.js';

const suffix = 'transformer_blocks.0.pos_embed.pe';

/** Beyond the rounding of 16-bit floats, 0.004 for bfloat16, a table is another function than the sinusoids. */
const roundingTolerance = 1e-2;

/**
 * Sinusoidal positions `[1, maxFrames, channels]`: sin and cos of `p * 10000 ** (-2i / channels)` in turn (Vaswani et
 * al. 2017, section 3.5), rounded to float32 where guoyww/AnimateDiff `models/motion_module.py` PositionalEncoding
 * rounds.
 */
export function sinusoidalPositions(maxFrames: number, channels: number): Float32Array {
  const table = new Float32Array(maxFrames * channels);
  const rate = Math.fround(-Math.log(10000) / channels);
  for (let i = 0; i < channels; i += 2) {
    const frequency = Math.fround(Math.exp(Math.fround(i * rate)));
    for (let p = 0; p < maxFrames; p++) {
      const angle = Math.fround(p * frequency);
      table[p * channels + i] = Math.sin(angle);
      if (i + 1 < channels) table[p * channels + i + 1] = Math.cos(angle);
    }
  }
  return table;
}

/**
 * A motion module's weights with exact frame positions. Modules were trained with computed sinusoids, and files hold
 * them rounded to 16 bits, or not at all (AnimateLCM): both give the exact table. A table that is another function,
 * as of a module trained with stretched positions, is used as it is, with a warning.
 */
export function withFramePositions(
  weights: WeightSource,
  maxFrames: number,
  onWarning: (warning: Warning) => void,
): WeightSource {
  const missing = [...weights.names]
    .filter((name) => name.endsWith('transformer_blocks.0.norm1.weight'))
    .map((name) => name.replace(/transformer_blocks\.0\.norm1\.weight$/, suffix))
    .filter((name) => weights.shape(name) === undefined);
  const channelsOf = (name: string): number => weights.shape(name.replace(suffix, 'norm.weight'))?.[0] ?? 0;
  return {
    ...weights,
    names: [...weights.names, ...missing],
    shape: (name) => (missing.includes(name) ? [1, maxFrames, channelsOf(name)] : weights.shape(name)),
    async read(name, options) {
      if (!name.endsWith(suffix)) return weights.read(name, options);
      const [, frames = maxFrames, channels = channelsOf(name)] = weights.shape(name) ?? [];
      const exact = sinusoidalPositions(frames, channels);
      if (missing.includes(name)) return exact;
      const stored = await weights.read(name, options);
      if (stored.every((value, index) => Math.abs(value - exact[index]!) <= roundingTolerance)) return exact;
      onWarning({
        code: 'unusual-frame-positions',
        message: `${weights.label}: '${name}' is not the sinusoidal table that AnimateDiff computes; the file's own is used`,
      });
      return stored;
    },
    readFloat16: async (name, options) =>
      name.endsWith(suffix) ? undefined : weights.readFloat16?.(name, options),
    async identity(options) {
      const identity = await weights.identity(options);
      return identity && `${identity}+positions`;
    },
  };
}

import { AnimateDiffError } from './errors.js';
import { type MersenneTwister, mersenneTwister, restoreMersenneTwister } from './mersenne-twister.js';
import type { RandomSource, RandomState } from './random.js';

// Names the algorithm in stored states.
const kind = 'torch-cpu';
// From this many numbers on, torch fills in blocks of this size.
const block = 16;
const half = block / 2;
const twoPi = Math.fround(2 * Math.PI);

/**
 * The normals of torch's CPU generator: `torch.randn(n, generator=torch.Generator('cpu').manual_seed(seed))` in
 * float32, call by call. As there, one call for 20 numbers and two calls for 10 give different numbers.
 *
 * Reproduces normal_fill and normal_distribution of aten/src/ATen/native/cpu/DistributionTemplates.h and
 * ATen/core/DistributionsHelper.h over CPUGeneratorImpl's MT19937. The random bits are the same; logarithm and sine
 * are computed in double precision and rounded, torch's vectorised ones in float32, so last bits may differ.
 *
 * @param seed An integer from −2⁶³ to 2⁶⁴ − 1. The generator keeps its low 32 bits.
 * @throws `invalid-options` for any other seed.
 */
export function torchRandom(seed: number | bigint): RandomSource {
  return source(mersenneTwister(lowWord(seed)), undefined);
}

/**
 * Continues, bit for bit, a source of {@link torchRandom} from its `state()`.
 * @throws `invalid-options` when the state is not one of those.
 */
export function restoreTorchRandom(state: RandomState): RandomSource {
  const engine = state.kind === kind ? restoreMersenneTwister(state.words) : undefined;
  const [spare] = state.extra;
  if (engine === undefined || state.extra.length > 1 || !(spare === undefined || Number.isFinite(spare))) {
    throw new AnimateDiffError(
      'invalid-options',
      `random state: expected the state() of torchRandom ('${kind}')`,
    );
  }
  return source(engine, spare);
}

/** A fresh seed in [0, 2³²) from the platform's secure generator. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function lowWord(seed: number | bigint): number {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed);
  const value = whole ? BigInt(seed) : 1n << 64n;
  if (value < -(1n << 63n) || value >= 1n << 64n) {
    throw new AnimateDiffError(
      'invalid-options',
      `seed: expected an integer from -2^63 to 2^64 - 1 (as a bigint beyond 2^53), got ${seed}`,
    );
  }
  return Number(BigInt.asUintN(32, value));
}

/** @param pending The second number of a pair of which only the first was asked for, in double precision. */
function source(engine: MersenneTwister, pending: number | undefined): RandomSource {
  let spare = pending;
  return {
    normal(count) {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new AnimateDiffError(
          'invalid-options',
          `normal: expected a whole number of draws, got ${count}`,
        );
      }
      const values = new Float32Array(count);
      if (count >= block) fillBlocks(values, engine);
      else for (let i = 0; i < count; i++) values[i] = drawOne();
      return values;
    },
    state: () => ({ kind, words: engine.state(), extra: spare === undefined ? [] : [spare] }),
  };

  function drawOne(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const angle = 2 * Math.PI * uniform53(engine);
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53(engine)));
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** A double in [0, 1) from 53 bits of two words, the high one first. */
function uniform53(engine: MersenneTwister): number {
  const high = engine.next() & 0x1fffff;
  return (high * 2 ** 32 + engine.next()) * 2 ** -53;
}

/** All uniforms first, then Box–Muller block by block; what is over at the end is drawn again as a whole block. */
function fillBlocks(values: Float32Array, engine: MersenneTwister): void {
  fillUniform(values, 0, engine);
  for (let start = 0; start + block <= values.length; start += block) boxMuller(values, start);
  if (values.length % block !== 0) {
    fillUniform(values, values.length - block, engine);
    boxMuller(values, values.length - block);
  }
}

/** Floats in [0, 1) of 24 bits, from `start` on. */
function fillUniform(values: Float32Array, start: number, engine: MersenneTwister): void {
  for (let i = start; i < values.length; i++) values[i] = (engine.next() & 0xffffff) * 2 ** -24;
}

/** Turns 16 uniforms into 16 normals: the first half gives radii, the second angles. */
function boxMuller(values: Float32Array, start: number): void {
  for (let i = start; i < start + half; i++) {
    const radius = Math.fround(Math.sqrt(-2 * Math.fround(Math.log(1 - values[i]!))));
    const angle = Math.fround(twoPi * values[i + half]!);
    values[i] = radius * Math.fround(Math.cos(angle));
    values[i + half] = radius * Math.fround(Math.sin(angle));
  }
}

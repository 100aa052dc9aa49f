/** How the noise added per training step grows from `betaStart` to `betaEnd`; names as in diffusers. */
export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';

/** The noise that a model was trained with. */
export interface NoiseScheduleOptions {
  /** Number of noise levels, such as 1000. */
  readonly numTrainTimesteps: number;
  /** β of the first level. Unused by `squaredcos_cap_v2`. */
  readonly betaStart: number;
  /** β of the last level. Unused by `squaredcos_cap_v2`. */
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  /** β of every level, in place of all of the above. */
  readonly trainedBetas?: readonly number[] | undefined;
  /** Shifts the levels so that the last one is pure noise. */
  readonly rescaleBetasZeroSnr: boolean;
}

/**
 * ᾱ of every training timestep: the share of the clean signal's variance, falling from almost 1 to almost 0.
 *
 * Rounded to float32 where torch rounds, as diffusers' schedulers compute it (`betas`, `alphas`, `alphas_cumprod`);
 * torch's cumulative product keeps its running value in double precision on the CPU.
 */
export function cumulativeAlphas(options: NoiseScheduleOptions): Float32Array {
  const betas = trainingBetas(options);
  return cumulativeProduct(
    (options.rescaleBetasZeroSnr ? rescaledToZeroSnr(betas) : betas).map((beta) => 1 - beta),
  );
}

function trainingBetas({
  numTrainTimesteps: count,
  betaStart,
  betaEnd,
  betaSchedule,
  trainedBetas,
}: NoiseScheduleOptions): Float32Array {
  if (trainedBetas !== undefined) return Float32Array.from(trainedBetas);
  switch (betaSchedule) {
    case 'linear':
      return linspace(betaStart, betaEnd, count);
    case 'scaled_linear':
      return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), count).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return Float32Array.from({ length: count }, (_, i) =>
        Math.min(1 - cosineSignal((i + 1) / count) / cosineSignal(i / count), 0.999),
      );
  }
}

/** ᾱ over time in [0, 1] of Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021, eq. 17. */
function cosineSignal(time: number): number {
  return Math.cos(((time + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
}

/** Like torch.linspace in float32, which counts from the nearer end. */
function linspace(start: number, end: number, count: number): Float32Array {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  if (count === 1) return Float32Array.of(first);
  const step = Math.fround((last - first) / (count - 1));
  const half = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, i) =>
    i < half ? first + Math.fround(step * i) : last - Math.fround(step * (count - 1 - i)),
  );
}

function cumulativeProduct(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return product;
  });
}

/**
 * Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed", 2023, algorithm 1: √ᾱ is shifted so that
 * the last is 0, then stretched so that the first stays.
 */
function rescaledToZeroSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const [first, last] = [roots[0]!, roots.at(-1)!];
  const stretch = Math.fround(first / Math.fround(first - last));
  const signals = roots.map((root) => Math.fround(root - last) * stretch).map((root) => root * root);
  return signals.map((signal, i) => 1 - Math.fround(i === 0 ? signal : signal / signals[i - 1]!));
}

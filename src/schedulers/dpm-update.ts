/** Which equation is solved: that of the noise or of the clean latents (`++`), as it is or as a stochastic one (`sde-`). */
export type DpmAlgorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++';

/** One level of noise by its σ = spread / signal, with both. */
export interface DpmLevel {
  readonly sigma: number;
  readonly signal: number;
  readonly spread: number;
}

/**
 * Factors of one step of DPM-Solver from a level s to a level t (Lu et al., "DPM-Solver", NeurIPS 2022, and
 * "DPM-Solver++", 2022, sections 3 and 4). With D₀ the prediction at s and D₁, D₂ its estimated derivatives,
 * x_t = `sample` x_s + `zeroth` D₀ + `first` D₁ + `second` D₂ + `noise` z.
 */
export interface DpmFactors {
  readonly sample: number;
  readonly zeroth: number;
  /** Of D₁ in the midpoint method: half of `zeroth`. */
  readonly midpoint: number;
  /** Of D₁ in Heun's method and in the third order. */
  readonly first: number;
  /** Of D₂. */
  readonly second: number;
  /** Of fresh noise; 0 unless the equation is stochastic. */
  readonly noise: number;
}

/** Factors of a step. The higher ones are not finite where t is without noise: there only the first order is defined. */
export function dpmFactors(algorithm: DpmAlgorithm, s: DpmLevel, t: DpmLevel): DpmFactors {
  const h = Math.log(s.sigma / t.sigma);
  const ratio = t.sigma / s.sigma;
  switch (algorithm) {
    case 'dpmsolver++': {
      const zeroth = t.signal * (1 - ratio);
      const first = t.signal * ((ratio - 1) / h + 1);
      const second = -t.signal * ((ratio - 1 + h) / h ** 2 - 0.5);
      return { sample: t.spread / s.spread, zeroth, midpoint: zeroth / 2, first, second, noise: 0 };
    }
    case 'sde-dpmsolver++': {
      // As above with 2h: the stochastic equation pulls twice as hard towards the prediction.
      const decay = ratio ** 2;
      const zeroth = t.signal * (1 - decay);
      const first = t.signal * ((1 - decay) / (-2 * h) + 1);
      const second = t.signal * ((1 - decay - 2 * h) / (2 * h) ** 2 - 0.5);
      const noise = t.spread * Math.sqrt(1 - decay);
      return { sample: (t.spread / s.spread) * ratio, zeroth, midpoint: zeroth / 2, first, second, noise };
    }
    case 'dpmsolver': {
      const growth = 1 / ratio - 1;
      const zeroth = -t.spread * growth;
      const first = -t.spread * (growth / h - 1);
      const second = -t.spread * ((growth - h) / h ** 2 - 0.5);
      return { sample: t.signal / s.signal, zeroth, midpoint: zeroth / 2, first, second, noise: 0 };
    }
    case 'sde-dpmsolver': {
      const growth = 1 / ratio - 1;
      const zeroth = -2 * t.spread * growth;
      const noise = t.spread * Math.sqrt((1 / ratio) ** 2 - 1);
      const first = -2 * t.spread * (growth / h - 1);
      return { sample: t.signal / s.signal, zeroth, midpoint: zeroth / 2, first, second: Number.NaN, noise };
    }
  }
}

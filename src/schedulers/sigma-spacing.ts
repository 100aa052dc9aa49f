import { betaQuantile } from './beta-distribution.js';

/** A rule that spreads noise levels without regard to the training timesteps. */
export type SigmaSpacing = 'karras' | 'exponential' | 'beta' | 'lu';

/** σ from `highest` down to `lowest`, both included; a single one is the highest. */
export function spacedSigmas(
  spacing: SigmaSpacing,
  highest: number,
  lowest: number,
  count: number,
): readonly number[] {
  const ramp = Array.from({ length: count }, (_, i) => (count === 1 ? 0 : i / (count - 1)));
  switch (spacing) {
    case 'karras': {
      // Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, equation 5, ρ = 7.
      const [first, last] = [highest ** (1 / 7), lowest ** (1 / 7)];
      return ramp.map((part) => (first + part * (last - first)) ** 7);
    }
    case 'exponential':
    case 'lu': {
      // Lu et al., "DPM-Solver", 2022, section 3.4: evenly in log σ, which the k-diffusion project calls exponential.
      const [first, last] = [Math.log(highest), Math.log(lowest)];
      return ramp.map((part) => Math.exp(first + part * (last - first)));
    }
    case 'beta':
      // Lee et al., "Beta Sampling is All You Need", 2024: more steps near both ends.
      return ramp.map((part) => lowest + betaQuantile(1 - part, 0.6) * (highest - lowest));
  }
}

/**
 * σ = √((1 − ᾱ) / ᾱ) by training timestep, rising: the noise of a sample whose signal has factor 1. In float32, as
 * torch computes it. A level of pure noise would be infinite; like diffusers it becomes ᾱ = 2⁻²⁴.
 */
export function trainingSigmas(alphas: Float32Array): Float32Array {
  return alphas.map((alpha) => {
    const kept = alpha === 0 ? 2 ** -24 : alpha;
    return Math.sqrt(Math.fround(Math.fround(1 - kept) / kept));
  });
}

/** σ at a training timestep that may lie between two; beyond the ends the ends' own. Like numpy.interp. */
export function sigmaOfTimestep(sigmas: Float32Array, timestep: number): number {
  const last = sigmas.length - 1;
  if (timestep <= 0 || last === 0) return sigmas[0]!;
  if (timestep >= last) return sigmas[last]!;
  const below = Math.floor(timestep);
  return (sigmas[below + 1]! - sigmas[below]!) * (timestep - below) + sigmas[below]!;
}

/** The training timestep that has a σ, between two by the logarithm; within the range of training. */
export function timestepOfSigma(sigmas: Float32Array, sigma: number): number {
  if (sigmas.length === 1) return 0;
  const log = (i: number): number => Math.fround(Math.log(sigmas[i]!));
  const wanted = Math.log(Math.max(sigma, 1e-10));
  let [low, high] = [0, sigmas.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (log(middle) <= wanted) low = middle;
    else high = middle;
  }
  const weight = (log(low) - wanted) / Math.fround(log(low) - log(high));
  return low + Math.min(Math.max(weight, 0), 1);
}

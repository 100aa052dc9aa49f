/** The Euclidean length of all gradients together. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! ** 2;
  }
  return Math.sqrt(sum);
}

/** The factor that shortens gradients of a length to at most `longest` (Pascanu et al. 2013); 1 without a limit. */
export function clippingFactor(norm: number, longest: number | undefined): number {
  return longest === undefined || norm <= longest ? 1 : longest / norm;
}

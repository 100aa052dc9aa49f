/**
 * The quantile of the symmetric beta distribution with both parameters `shape`: the x below which the share
 * `probability` lies. By bisection to the last bit: the function is smooth and a schedule asks for it a few times only.
 */
export function betaQuantile(probability: number, shape: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  if (probability > 0.5) return 1 - betaQuantile(1 - probability, shape);
  const whole = 2 * halfIntegral(0.5, shape);
  let [low, high] = [0, 0.5];
  for (let i = 0; i < 200 && low < high; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (halfIntegral(middle, shape) < probability * whole) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * ∫₀ˣ (t (1 − t))^(shape − 1) dt for x up to ½, from the binomial series of (1 − t)^(shape − 1), integrated term by
 * term (Abramowitz and Stegun, 26.5.4 and 6.6.8); its terms fall at least by half each.
 */
function halfIntegral(x: number, shape: number): number {
  let [term, sum] = [1, 0];
  for (let k = 0; k < 200; k++) {
    const part = term / (shape + k);
    sum += part;
    if (Math.abs(part) < 1e-18 * Math.abs(sum)) break;
    term *= ((k + 1 - shape) / (k + 1)) * x;
  }
  return x ** shape * sum;
}

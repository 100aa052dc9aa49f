// Beyond this cosine the arc is as good as straight, and dividing by its sine would amplify rounding.
const straight = 0.9995;

/**
 * Factors of two vectors whose sum lies the share `t` along the arc between them (Shoemake, "Animating rotation with
 * quaternion curves", 1985); along the straight line when they are almost parallel or one is zero.
 */
export function sphericalFactors(
  from: Float32Array,
  to: Float32Array,
  t: number,
): [from: number, to: number] {
  let [product, fromSquared, toSquared] = [0, 0, 0];
  for (let i = 0; i < from.length; i++) {
    product += from[i]! * to[i]!;
    fromSquared += from[i]! ** 2;
    toSquared += to[i]! ** 2;
  }
  const cosine = product / Math.sqrt(fromSquared * toSquared);
  // Also when it is NaN.
  if (!(Math.abs(cosine) <= straight)) return [1 - t, t];
  const angle = Math.acos(cosine);
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}

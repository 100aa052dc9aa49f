/**
 * Where in [0, 1) the windows of a step begin: 0, 1/2, 1/4, 3/4, 1/8, … for steps 0, 1, 2, 3, 4, …, so that the seams
 * of neighbouring steps lie far apart. It is the step's binary digits mirrored at the point (van der Corput's
 * sequence), which a float64 holds exactly.
 * @param step A whole number from 0 up to 2 ** 53 - 1.
 */
export function orderedHalving(step: number): number {
  let sum = 0;
  let digit = 0.5;
  for (let rest = step; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) sum += digit;
    digit /= 2;
  }
  return sum;
}

/** Rounds to the nearest whole number and halves to the even one, as Python does; `Math.round` rounds halves up. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Where an axis has marks: round numbers from the first at or below `low` to the last at or above `high`. */
export function linearTicks(low: number, high: number, about: number): number[] {
  const rough = (high - low || 1) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999)!;
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  // Multiplied anew each time: sums of steps such as 0.1 drift. An axis of one value still needs a length.
  return Array.from({ length: Math.max(last - first, 1) + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** Marks of a logarithmic axis, of 1, 2 and 5 times each power of ten; powers alone where that would be many. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const powers = Array.from({ length: last - first + 2 }, (_, i) => first + i);
  const factors = last - first > 4 ? [1] : [1, 2, 5];
  const all = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
  const begin = all.findLastIndex((each) => each <= low * (1 + 1e-9));
  const end = all.findIndex((each, i) => i > begin && each >= high * (1 - 1e-9));
  return all.slice(Math.max(begin, 0), end + 1);
}

/** A mark's number in few letters: `0.05`, `1000`, `2e-7`. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  return value !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential() : String(value);
}

/**
 * How many numbered children stand below a prefix: one more than the highest number, 0 when there is none.
 * `countIndexed(names, 'input_blocks.')` is 12 for Stable Diffusion 1.5.
 */
export function countIndexed(names: Iterable<string>, prefix: string): number {
  let count = 0;
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const dot = name.indexOf('.', prefix.length);
    const digits = name.slice(prefix.length, dot < 0 ? name.length : dot);
    // Four digits are far beyond any model, and keep hostile numbers small.
    if (/^\d{1,4}$/.test(digits)) count = Math.max(count, Number(digits) + 1);
  }
  return count;
}

/** The highest number of transformer blocks in any one transformer; 1 when there is none. */
export function transformerDepth(names: Iterable<string>): number {
  let depth = 1;
  for (const name of names) {
    const found = /\.transformer_blocks\.(\d{1,4})\./.exec(name);
    if (found) depth = Math.max(depth, Number(found[1]) + 1);
  }
  return depth;
}

/** Integers from 0 to `count - 1`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

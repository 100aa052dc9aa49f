/** Waves that make up the low frequencies of an image: see {@link freeUWaves}. */
export const freeUWaveCount = 7;

/**
 * Waves `[height * width, 7]` onto which FreeU's filter projects an image: with W this table, `W · Wᵀ · image` are the
 * image's low frequencies. Those are the four that diffusers' `fourier_filter` has at threshold 1: -1 and 0 on each axis,
 * for even and odd sizes. Of such a set, which lacks the opposite frequencies, the real part of the inverse transform
 * is the sum of four cosines of differences of angles, so that seven columns suffice: one constant, cosine and sine along
 * the height, along the width, and along both. Computed here and not in the graph, since sines of graphics cards are not
 * exact.
 */
export function freeUWaves(height: number, width: number): Float32Array {
  const size = 1 / Math.sqrt(height * width);
  const waves = new Float32Array(height * width * freeUWaveCount);
  // On an axis of one pixel -1 and 0 are the same frequency, which counts once.
  const [alongHeight, alongWidth] = [height > 1 ? size : 0, width > 1 ? size : 0];
  const alongBoth = height > 1 && width > 1 ? size : 0;
  for (let row = 0, at = 0; row < height; row++) {
    const down = (2 * Math.PI * row) / height;
    for (let column = 0; column < width; column++, at += freeUWaveCount) {
      const right = (2 * Math.PI * column) / width;
      waves[at] = size;
      waves[at + 1] = alongHeight * Math.cos(down);
      waves[at + 2] = alongHeight * Math.sin(down);
      waves[at + 3] = alongWidth * Math.cos(right);
      waves[at + 4] = alongWidth * Math.sin(right);
      waves[at + 5] = alongBoth * Math.cos(down + right);
      waves[at + 6] = alongBoth * Math.sin(down + right);
    }
  }
  return waves;
}

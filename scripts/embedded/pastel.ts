import type { Frame } from '../../src/media/frame.ts';

/** Share of white. */
const lightness = 0.45;

/** A frame in pale colours: what the style LoRA learns. */
export function pastel({ width, height, data }: Frame): Frame {
  return {
    width,
    height,
    data: data.map((value, i) => (i % 4 === 3 ? 255 : (1 - lightness) * value + lightness * 255)),
  };
}

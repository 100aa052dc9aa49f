import type { StartValue } from '../../src/training/train-unet.ts';
import { vaeSizes } from './network-sizes.ts';

type Taps = readonly (readonly [row: number, column: number, share: number])[];

/** Share of the random start that stays beside the straight way: what the other channels find details with. */
const randomShare = 0.2;

const middle: Taps = [[1, 1, 1]];
/** Downsampling reads four pixels from the first tap on: their mean. */
const mean4: Taps = [0, 1].flatMap((y) => [0, 1].map((x) => [y, x, 0.25] as const));
/** What smooths the steps of nearest neighbours. */
const smooth: Taps = [0, 1, 2].flatMap((y) =>
  [0, 1, 2].map((x) => [y, x, ((y === 1 ? 2 : 1) * (x === 1 ? 2 : 1)) / 16] as const),
);

/**
 * Lets a new VAE begin as a thumbnail of its pictures, so that training starts from right colours: red, green and blue
 * go through all levels as they are, beside their opposites, since SiLU(x) - SiLU(-x) = x.
 */
export function straighten(weights: ReadonlyMap<string, StartValue>): void {
  const widths = vaeSizes.blockOutChannels;
  const same = (count: number): readonly (readonly [number, number, number])[] =>
    Array.from({ length: count }, (_, i) => [i, i, 1] as const);
  const set = (
    name: string,
    pairs: readonly (readonly [out: number, from: number, factor: number])[],
    taps: Taps,
  ): void => {
    const { shape, values } = weights.get(`${name}.weight`)!;
    const [, inSize = 0, kernel = 1] = shape;
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * randomShare;
    for (const [out, from, factor] of pairs) {
      const at = (out * inSize + from) * kernel * kernel;
      values.fill(0, at, at + kernel * kernel);
      for (const [y, x, share] of kernel === 1 ? ([[0, 0, 1]] as Taps) : taps)
        values[at + y * kernel + x] = share * factor;
    }
  };
  const rgb = [0, 1, 2];
  const both = rgb.flatMap((c) => [[c, c, 1] as const, [c + 3, c, -1] as const]);
  const joined = rgb.flatMap((c) => [[c, c, 1] as const, [c, c + 3, -1] as const]);
  set('encoder.conv_in', both, middle);
  // A known strength, by which the norms' factors can be told.
  weights.get('encoder.conv_in.bias')!.values.set([1, -1], 6);
  widths.slice(0, -1).forEach((width, level) => {
    set(`encoder.down_blocks.${level}.downsamplers.0.conv`, same(width), mean4);
    const next = `encoder.down_blocks.${level + 1}.resnets.0.conv_shortcut`;
    if (weights.has(`${next}.weight`)) set(next, same(width), middle);
  });
  set('encoder.conv_out', [...joined, [3, 6, 1], [3, 7, -1]], middle);
  set('quant_conv', same(vaeSizes.latentChannels), middle);
  set('post_quant_conv', same(vaeSizes.latentChannels), middle);
  set('decoder.conv_in', [...both, [6, 3, 1], [7, 3, -1]], middle);
  widths.toReversed().forEach((width, level) => {
    const shortcut = `decoder.up_blocks.${level}.resnets.0.conv_shortcut`;
    if (weights.has(`${shortcut}.weight`)) set(shortcut, same(width), middle);
    const up = `decoder.up_blocks.${level}.upsamplers.0.conv`;
    if (weights.has(`${up}.weight`)) set(up, same(width), smooth);
  });
  set('decoder.conv_out', joined, middle);
}

import type { VaeTiling } from '../index.js';
import type { CliOption, CliValues } from './options.js';
import { readText, type TextValue, textProblems } from './text-values.js';

/** Options for the way from latents to pictures and back. */
export const vaeCliOptions: readonly CliOption[] = [
  {
    name: 'vae-tiling',
    sets: 'vaeTiling.',
    kind: 'text',
    value: 'TILES',
    help: 'decodes large frames in tiles: auto, on, off, or PIXELS or PIXELS,OVERLAP of a tile (auto)',
  },
];

const named: ReadonlyMap<string, VaeTiling> = new Map<string, VaeTiling>([
  ['auto', 'auto'],
  ['on', true],
  ['off', false],
]);

const tiling: TextValue<VaeTiling> = {
  parse(text) {
    const [, tileSize, overlap] = /^(\d+)(?:,(\d+))?$/.exec(text) ?? [];
    if (tileSize === undefined) return named.get(text);
    return { tileSize: Number(tileSize), overlap: overlap === undefined ? undefined : Number(overlap) };
  },
  expected: 'expected auto, on, off, or pixels such as 512 or 512,128',
};

/** The tiles that were asked for. */
export function vaeTilingOf(values: CliValues): VaeTiling | undefined {
  return readText(values, 'vae-tiling', tiling);
}

/** What is wrong with their form; sizes are the library's to check. */
export function vaeProblems(values: CliValues): string[] {
  return textProblems(values, ['vae-tiling'], tiling);
}

import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { blendWeights, type TileGrid } from './tile-grid.js';

/** The tiles `[1, channels, rows.size, columns.size]` of image `[1, channels, height, width]`, row by row. */
export function* tilesOf(
  { data, shape }: Float32Tensor,
  { rows, columns }: TileGrid,
): Generator<Float32Tensor, void, undefined> {
  const [, channels = 0, height = 0, width = 0] = shape;
  for (const top of rows.starts) {
    for (const left of columns.starts) {
      const tile = new Float32Array(channels * rows.size * columns.size);
      for (let line = 0; line < channels * rows.size; line++) {
        const channel = Math.floor(line / rows.size);
        const start = (channel * height + top + (line % rows.size)) * width + left;
        tile.set(data.subarray(start, start + columns.size), line * columns.size);
      }
      yield float32Tensor(tile, [1, channels, rows.size, columns.size]);
    }
  }
}

/** An image that is put together from its tiles. */
export interface TileCanvas {
  /** Adds the next tile, `[1, channels, rows.size, columns.size]`, row by row. */
  add(tile: Float32Tensor): void;
  /** The image `[1, channels, height, width]`, when all tiles are there. */
  readonly image: Float32Tensor;
}

/** Mixes tiles where they overlap, by {@link blendWeights}. */
export function tileCanvas({ rows, columns }: TileGrid, channels: number): TileCanvas {
  const [height, width] = [rows.length, columns.length];
  const weights = { rows: blendWeights(rows), columns: blendWeights(columns) };
  const out = new Float32Array(channels * height * width);
  let next = 0;
  return {
    add({ data }) {
      const [row, column] = [Math.floor(next / columns.starts.length), next % columns.starts.length];
      next++;
      const [down, across] = [weights.rows[row]!, weights.columns[column]!];
      let from = 0;
      for (let channel = 0; channel < channels; channel++) {
        for (let y = 0; y < rows.size; y++) {
          const to = (channel * height + rows.starts[row]! + y) * width + columns.starts[column]!;
          for (let x = 0; x < columns.size; x++) out[to + x]! += down[y]! * across[x]! * data[from++]!;
        }
      }
    },
    image: float32Tensor(out, [1, channels, height, width]),
  };
}

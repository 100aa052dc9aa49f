import { type Float32Tensor, float32Tensor } from '../core/tensor.js';

/** Mean and variance in each group of each norm of a network, `[norms, groups, 1]`. */
export interface TileStatistics {
  readonly means: Float32Tensor;
  readonly variances: Float32Tensor;
}

/** In place of statistics that are not known yet. */
export function noStatistics(rows: number, groups: number): TileStatistics {
  const zeros = (): Float32Tensor => float32Tensor(new Float32Array(rows * groups), [rows, groups, 1]);
  return { means: zeros(), variances: zeros() };
}

/** Statistics of equally large tiles as those of all their pixels together. */
export function mixedStatistics(tiles: readonly TileStatistics[]): TileStatistics {
  const average = (of: (tile: TileStatistics, i: number) => number): Float64Array =>
    Float64Array.from(tiles[0]!.means.data, (_, i) =>
      tiles.reduce((sum, tile) => sum + of(tile, i) / tiles.length, 0),
    );
  const means = average((tile, i) => tile.means.data[i]!);
  const variances = average((tile, i) => tile.variances.data[i]! + (tile.means.data[i]! - means[i]!) ** 2);
  const { shape } = tiles[0]!.means;
  return {
    means: float32Tensor(Float32Array.from(means), shape),
    variances: float32Tensor(Float32Array.from(variances), shape),
  };
}

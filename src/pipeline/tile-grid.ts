/** Pieces of equal size that cover one axis, in any unit. */
export interface AxisTiles {
  /** Positions of the whole axis. */
  readonly length: number;
  /** Positions of each piece. */
  readonly size: number;
  /** Where each piece begins, ascending; the first at 0, and the last ends with the axis. */
  readonly starts: readonly number[];
}

/** Pieces of an image. */
export interface TileGrid {
  readonly rows: AxisTiles;
  readonly columns: AxisTiles;
}

/**
 * The fewest pieces of at most `largest` positions that cover an axis and share at least `overlap` with their
 * neighbours. All are of one size, as small as so many may be, and evenly spread: what does not divide makes overlaps a
 * little larger instead of one piece short.
 * @param overlap At most half of `largest`.
 */
export function axisTiles(length: number, largest: number, overlap: number): AxisTiles {
  if (length <= largest) return { length, size: length, starts: [0] };
  const count = Math.ceil((length - overlap) / (largest - overlap));
  const size = Math.ceil((length + (count - 1) * overlap) / count);
  const starts = Array.from({ length: count }, (_, i) => Math.floor((i * (length - size)) / (count - 1)));
  return { length, size, starts };
}

/** How many tiles there are. */
export function tileCount({ rows, columns }: TileGrid): number {
  return rows.starts.length * columns.starts.length;
}

/** The same tiles in a unit of which `factor` make one of the old. */
export function finer({ rows, columns }: TileGrid, factor: number): TileGrid {
  const axis = ({ length, size, starts }: AxisTiles): AxisTiles => ({
    length: length * factor,
    size: size * factor,
    starts: starts.map((start) => start * factor),
  });
  return { rows: axis(rows), columns: axis(columns) };
}

/**
 * What each position of each piece counts: linear ramps over what is shared with the neighbours, 1 elsewhere, divided so
 * that the weights at any position of the axis sum to 1, also where more than two pieces meet.
 */
export function blendWeights({ length, size, starts }: AxisTiles): readonly Float64Array[] {
  const shared = (one: number, other: number | undefined): number =>
    other === undefined ? 0 : size - Math.abs(one - other);
  const ramp = (distance: number, over: number): number => (over === 0 ? 1 : Math.min(1, distance / over));
  const ramps = starts.map((start, index) => {
    const [before, after] = [shared(start, starts[index - 1]), shared(start, starts[index + 1])];
    return Float64Array.from({ length: size }, (_, i) =>
      Math.min(ramp(i + 0.5, before), ramp(size - i - 0.5, after)),
    );
  });
  const sums = new Float64Array(length);
  for (const [index, piece] of ramps.entries()) {
    for (const [i, value] of piece.entries()) sums[starts[index]! + i]! += value;
  }
  return ramps.map((piece, index) => piece.map((value, i) => value / sums[starts[index]! + i]!));
}

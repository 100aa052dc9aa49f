/** How several rows of a 3×3 convolution are made together: Winograd's F(rows, 3) along one axis. */
export interface RowForm {
  /** Output rows that are made together. */
  readonly rows: 2 | 4;
  /** For each product, how the input rows are summed, from the one above the first output row on: Bᵀ. */
  readonly sums: readonly (readonly number[])[];
  /** For each product, how a kernel's three rows are summed: G. */
  readonly kernels: readonly (readonly [number, number, number])[];
  /** For each output row, how the products are summed: Aᵀ. */
  readonly outputs: readonly (readonly number[])[];
}

/** F(2, 3) and F(4, 3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4. */
export const rowForms: Readonly<Record<2 | 4, RowForm>> = {
  2: {
    rows: 2,
    sums: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, -1, 0, 1],
    ],
    kernels: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, -1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    outputs: [
      [1, 1, 1, 0],
      [0, 1, -1, 1],
    ],
  },
  // Of the points 0, 1, -1, 1/2 and -2 (Barabasz, Anderson, Soodhalter and Gregg, "Error Analysis and Improving the Accuracy
  // of Winograd Convolution for Deep Neural Networks", 2020): their rounding errors are two thirds of those of 0, ±1 and ±2.
  4: {
    rows: 4,
    sums: [
      [1, -3 / 2, -2, 3 / 2, 1, 0],
      [0, -1, 1 / 2, 5 / 2, 1, 0],
      [0, 1, -5 / 2, 1 / 2, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 1 / 2, -1, -1 / 2, 1, 0],
      [0, 1, -3 / 2, -2, 3 / 2, 1],
    ],
    kernels: [
      [1, 0, 0],
      [1 / 3, 1 / 3, 1 / 3],
      [-1 / 3, 1 / 3, -1 / 3],
      [-16 / 15, -8 / 15, -4 / 15],
      [1 / 15, -2 / 15, 4 / 15],
      [0, 0, 1],
    ],
    outputs: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 1 / 2, -2, 0],
      [0, 1, 1, 1 / 4, 4, 0],
      [0, 1, -1, 1 / 8, -8, 1],
    ],
  },
};

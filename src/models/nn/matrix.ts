import type { Value } from '../../onnx/value.js';

/** The weight of a linear layer. How it is stored is known to it alone. */
export interface Matrix {
  /** `rows · matrixᵀ + bias` for rows `[rows, in]`: `[rows, out]`. */
  multiply(rows: Value, bias?: Value | undefined): Value;
}

import { checkSameType } from './cast.js';
import { formatShape, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import type { Value } from './value.js';

/**
 * `x · weightᵀ + bias` for rows `x` of `[rows, in]` and torch's weight order `[out, in]`. One Gemm: the weight is used
 * as the file has it, and ONNX Runtime packs it when it loads.
 */
export function linear(g: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  const [rows, inSize] = x.shape;
  const [outSize, weightIn] = weight.shape;
  if (x.shape.length !== 2 || weight.shape.length !== 2 || !sameDim(inSize!, weightIn!)) {
    g.fail(
      `linear '${weight.name}' of shape ${formatShape(weight.shape)} does not fit rows of ${formatShape(x.shape)}`,
    );
  }
  checkSameType(g, 'linear', x, weight, bias);
  return g.node({
    operator: 'Gemm',
    inputs: bias === undefined ? [x, weight] : [x, weight, bias],
    attributes: { transB: 1 },
    outputs: [{ type: x.type, shape: [rows!, outSize!] }],
  })[0]!;
}

/** `a · b + c` for matrices. One Gemm. */
export function matmulAdd(g: GraphBuilder, a: Value, b: Value, c: Value): Value {
  const shape = [a.shape[0]!, b.shape[1]!];
  const fits = [a, b, c].every((each) => each.shape.length === 2) && sameDim(a.shape[1]!, b.shape[0]!);
  if (!fits || !shape.every((size, axis) => sameDim(size, c.shape[axis]!))) {
    g.fail(
      `cannot multiply ${formatShape(a.shape)} with ${formatShape(b.shape)} and add ${formatShape(c.shape)}`,
    );
  }
  checkSameType(g, 'product', a, b, c);
  return g.node({ operator: 'Gemm', inputs: [a, b, c], outputs: [{ type: a.type, shape }] })[0]!;
}

/** Batched matrix product over the last two axes, as numpy's `matmul` with equal leading axes, or ones in `a`. */
export function matmul(g: GraphBuilder, a: Value, b: Value): Value {
  const rank = a.shape.length;
  const leading = b.shape.slice(0, -2);
  const fits =
    rank === b.shape.length &&
    leading.every((size, index) => a.shape[index] === 1 || sameDim(size, a.shape[index]!)) &&
    sameDim(a.shape[rank - 1]!, b.shape[rank - 2]!);
  if (!fits) g.fail(`cannot multiply ${formatShape(a.shape)} with ${formatShape(b.shape)}`);
  checkSameType(g, 'product', a, b);
  const shape = [...leading, a.shape[rank - 2]!, b.shape[rank - 1]!];
  return g.node({ operator: 'MatMul', inputs: [a, b], outputs: [{ type: a.type, shape }] })[0]!;
}

/** Which of two matrices are taken with rows and columns exchanged; default none. */
export interface TransposedFactors {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** `a · b` for matrices, either of them exchanged as asked. One Gemm. */
export function matrixProduct(g: GraphBuilder, a: Value, b: Value, exchanged: TransposedFactors = {}): Value {
  const [rows, inner] = exchanged.a ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [other, columns] = exchanged.b ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (a.shape.length !== 2 || b.shape.length !== 2 || !sameDim(inner, other)) {
    g.fail(`cannot multiply ${formatShape(a.shape)} with ${formatShape(b.shape)}`);
  }
  checkSameType(g, 'product', a, b);
  return g.node({
    operator: 'Gemm',
    inputs: [a, b],
    attributes: { ...(exchanged.a ? { transA: 1 } : {}), ...(exchanged.b ? { transB: 1 } : {}) },
    outputs: [{ type: a.type, shape: [rows, columns] }],
  })[0]!;
}

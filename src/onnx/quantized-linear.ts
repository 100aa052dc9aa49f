import type { TensorType } from '../core/tensor.js';
import { checkSameType } from './cast.js';
import { formatShape, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import type { Value } from './value.js';

/** Weights that one scale stands for, along the input axis: the smallest that every provider of ONNX Runtime takes. */
export const blockSize = 32;

/** Bits of a quantised weight. */
export type WeightBits = 4 | 8;

/** The zero of stored weights: the middle of what they can be. The operator takes it so unless told otherwise. */
export function zeroPoint(bits: WeightBits): number {
  return 2 ** (bits - 1);
}

/** Shape and type of the two tensors that a quantised matrix `[out, in]` is stored as. */
export function blockedShapes(
  [out, inSize]: readonly [number, number],
  bits: WeightBits,
): { readonly weight: readonly number[]; readonly scales: readonly number[] } {
  const blocks = inSize / blockSize;
  return { weight: [out, blocks, (blockSize * bits) / 8], scales: [out * blocks] };
}

/** What {@link blockedLinear} multiplies with. */
export interface BlockedLinear {
  readonly x: Value;
  /** `[out, in / 32, 4 * bits]` of uint8; two weights of 4 bits share a byte, the first in its lower half. */
  readonly weight: Value;
  /** `[out * in / 32]`, of `x`'s type. A weight is its scale times what is stored less {@link zeroPoint}. */
  readonly scales: Value;
  readonly bits: WeightBits;
  readonly bias?: Value | undefined;
  /** Whether rows may be rounded to 8 bits in blocks too, for kernels that multiply integers. */
  readonly roundsRows: boolean;
}

/** `accuracy_level` of integers; 0, the default, is as exact as floats are. */
const integerLevel = 4;

/** `x · weightᵀ + bias` for rows `[rows, in]` and a weight in 4 or 8 bits: com.microsoft's MatMulNBits. */
export function blockedLinear(g: GraphBuilder, request: BlockedLinear): Value {
  const { x, weight, scales, bits, bias, roundsRows } = request;
  const [rows, inSize] = x.shape;
  const [out, blocks] = weight.shape as readonly number[];
  checkRows(g, x, weight, blocks! * blockSize);
  checkSameType(g, 'linear', x, scales, bias);
  return g.node({
    operator: 'MatMulNBits',
    domain: 'com.microsoft',
    // Neither zero points nor an order of groups.
    inputs: bias === undefined ? [x, weight, scales] : [x, weight, scales, undefined, undefined, bias],
    attributes: {
      K: inSize as number,
      N: out!,
      bits,
      block_size: blockSize,
      ...(roundsRows ? { accuracy_level: integerLevel } : {}),
    },
    outputs: [{ type: x.type, shape: [rows!, out!] }],
  })[0]!;
}

/** What {@link dynamicLinear} multiplies with. */
export interface DynamicLinear {
  /** Float32. */
  readonly x: Value;
  /** `[in, out]` of int8, transposed against torch's order. */
  readonly weight: Value;
  /** `[out]`: a weight is its column's scale times what is stored. */
  readonly scales: Value;
  readonly bias?: Value | undefined;
}

/**
 * `x · weight + bias` in integers: all rows are rounded to 8 bits with one scale, found when the graph runs.
 * com.microsoft's DynamicQuantizeMatMul.
 */
export function dynamicLinear(g: GraphBuilder, { x, weight, scales, bias }: DynamicLinear): Value {
  const [inSize, out] = weight.shape;
  checkRows(g, x, weight, inSize as number);
  checkSameType(g, 'linear', x, scales, bias);
  const type: TensorType = 'float32';
  return g.node({
    operator: 'DynamicQuantizeMatMul',
    domain: 'com.microsoft',
    inputs: [x, weight, scales, undefined, bias],
    outputs: [{ type, shape: [x.shape[0]!, out!] }],
  })[0]!;
}

function checkRows(g: GraphBuilder, x: Value, weight: Value, inSize: number): void {
  if (x.shape.length === 2 && sameDim(x.shape[1]!, inSize)) return;
  g.fail(`linear '${weight.name}' of ${inSize} inputs does not fit rows of ${formatShape(x.shape)}`);
}

import { add } from '../../onnx/elementwise.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { blockedLinear, blockedShapes, dynamicLinear, type WeightBits } from '../../onnx/quantized-linear.js';
import type { Value } from '../../onnx/value.js';
import { type LiveChange, liveProducts } from '../live-weights.js';
import type { Precision } from '../precision.js';
import { type QuantizedForm, quantizedNames } from '../quantized-form.js';
import type { Matrix } from './matrix.js';

/** Which matrix is wanted. */
export interface QuantizedMatrixRequest {
  /** Canonical name. */
  readonly name: string;
  /** `[out, in]`. */
  readonly shape: readonly [number, number];
  readonly form: QuantizedForm;
  /** Equal pieces along `out` that it is wanted in; those of columns are stored so. */
  readonly pieces: number;
  /** Of rows, scales and products. */
  readonly type: Precision;
  /** Whether the kernels are best at integers. */
  readonly roundsRows: boolean;
  /** What each run may add. It runs beside, since integers cannot be added to. */
  readonly change: LiveChange | undefined;
}

/** A linear layer's weight in integers, in pieces. */
export function quantizedMatrices(g: GraphBuilder, request: QuantizedMatrixRequest): readonly Matrix[] {
  const { name, type, shape, form, change, pieces } = request;
  const own = form.kind === 'columns' ? columns(g, request) : blocks(g, request, form.bits);
  if (change === undefined) return own;
  const beside = liveProducts(g, name, { type, shape }, change, pieces);
  return own.map(({ multiply }, piece) => ({
    multiply: (rows, bias) => add(g, multiply(rows, bias), beside[piece]!(rows)),
  }));
}

function blocks(
  g: GraphBuilder,
  { name, shape, pieces, type, roundsRows }: QuantizedMatrixRequest,
  bits: WeightBits,
): Matrix[] {
  const names = quantizedNames(name, { kind: 'blocks', bits });
  const shapes = blockedShapes(shape, bits);
  const weights = g.weightParts(names.weight, shapes.weight, pieces, 'uint8');
  const scales = g.weightParts(names.scales, shapes.scales, pieces, type);
  return weights.map((weight, piece) => ({
    multiply: (x, bias) => blockedLinear(g, { x, weight, scales: scales[piece]!, bits, bias, roundsRows }),
  }));
}

function columns(g: GraphBuilder, { name, shape, pieces }: QuantizedMatrixRequest): Matrix[] {
  const [out, inSize] = shape;
  const names = quantizedNames(name, { kind: 'columns', pieces });
  const weights = g.weightParts(names.weight, [pieces * inSize, out / pieces], pieces, 'int8');
  const scales = g.weightParts(names.scales, [out], pieces);
  return weights.map((weight, piece) => ({
    multiply: (x: Value, bias?: Value) => dynamicLinear(g, { x, weight, scales: scales[piece]!, bias }),
  }));
}

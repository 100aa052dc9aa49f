import { float16ToFloat32, float32ToFloat16 } from '../../core/half.js';
import type { Tensor, TensorType } from '../../core/tensor.js';
import { fusedAttention } from '../../onnx/attention.js';
import { conv2d } from '../../onnx/conv.js';
import { add, fusedQuickGelu, gelu } from '../../onnx/elementwise.js';
import { GraphBuilder } from '../../onnx/graph.js';
import { matmul } from '../../onnx/linear.js';
import { instanceNorm } from '../../onnx/norm.js';
import {
  blockedLinear,
  blockedShapes,
  blockSize,
  type WeightBits,
  zeroPoint,
} from '../../onnx/quantized-linear.js';
import type { Value } from '../../onnx/value.js';
import type { FusedOperator, ModelArtifact } from '../backend.js';
import * as reference from './reference-math.js';

/** A small network and what it must give. */
export interface SelfTestCase {
  /** In words, for notes. */
  readonly what: string;
  /** The fused operator it decides about; `undefined` for portable ones, which can only be warned about. */
  readonly operator: FusedOperator | undefined;
  readonly artifact: ModelArtifact;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly expected: Float32Array;
  /** Largest error allowed, relative to the largest expected magnitude. */
  readonly tolerance: number;
}

type Operands = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

interface CaseRequest {
  what: string;
  operator?: FusedOperator;
  type?: TensorType;
  operands: Operands;
  emit(g: GraphBuilder, inputs: Readonly<Record<string, Value>>): Value;
  expected: Float32Array;
}

/** Cases for every operator that went wrong on some device of ONNX Runtime 1.30, and for the fused ones in general. */
export function selfTestCases(): SelfTestCase[] {
  return [
    attentionCase('fused attention over many tokens', { batch: 1, tokens: 40, heads: 2, size: 8 }),
    // Few tokens take another kernel: the motion modules attend over frames, of which there are 16.
    attentionCase('fused attention over few tokens', { batch: 3, tokens: 16, heads: 2, size: 8 }),
    quickGeluCase(),
    geluCase(),
    biasSplitGeluCase(),
    blockedLinearCase(8),
    blockedLinearCase(4),
    convCase(6),
    convCase(9),
    normCase(),
  ];
}

/** An addition: whether anything runs at all. */
export function simplestCase(): SelfTestCase {
  const operands = { a: values([4], 1), b: values([4], 2) };
  return makeCase({
    what: 'addition',
    operands,
    emit: (g, { a, b }) => add(g, a!, b!),
    expected: operands.a.data.map((value, i) => value + operands.b.data[i]!),
  });
}

/** Tells whether float16 is computed at all. */
export function float16Case(): SelfTestCase {
  const operands = { a: values([4, 32], 1), b: values([32, 8], 2) };
  const rounded = (data: Float32Array): Float32Array => float16ToFloat32(float32ToFloat16(data));
  const expected = reference.matmul(rounded(operands.a.data), rounded(operands.b.data), 32, 8);
  return makeCase({
    what: 'float16',
    type: 'float16',
    operands,
    emit: (g, { a, b }) => matmul(g, a!, b!),
    expected,
  });
}

function attentionCase(
  what: string,
  sizes: { batch: number; tokens: number; heads: number; size: number },
): SelfTestCase {
  const shape = [sizes.batch, sizes.tokens, sizes.heads * sizes.size];
  const operands = { q: values(shape, 1), k: values(shape, 2), v: values(shape, 3) };
  return makeCase({
    what,
    operator: 'MultiHeadAttention',
    operands,
    emit: (g, { q, k, v }) => fusedAttention(g, { query: q!, key: k!, value: v!, heads: sizes.heads }),
    expected: reference.attention(operands.q.data, operands.k.data, operands.v.data, sizes),
  });
}

function quickGeluCase(): SelfTestCase {
  const x = values([4, 64], 1, 3);
  return makeCase({
    what: 'fused SiLU',
    operator: 'QuickGelu',
    operands: { x },
    emit: (g, inputs) => fusedQuickGelu(g, inputs['x']!, 1),
    expected: x.data.map((value) => reference.quickGelu(value, 1)),
  });
}

function geluCase(): SelfTestCase {
  const x = values([4, 64], 1, 3);
  return makeCase({
    what: 'GELU',
    operator: 'Gelu',
    operands: { x },
    emit: (g, inputs) => gelu(g, inputs['x']!),
    expected: x.data.map(reference.gelu),
  });
}

function biasSplitGeluCase(): SelfTestCase {
  const [rows, half] = [2, 1280];
  const x = values([1, rows, 2 * half], 1, 2);
  const bias = values([2 * half], 2);
  const at = (row: number, column: number): number => x.data[row * 2 * half + column]! + bias.data[column]!;
  return makeCase({
    what: 'fused gated GELU',
    operator: 'BiasSplitGelu',
    operands: { x, bias },
    emit: (g, inputs) =>
      g.node({
        operator: 'BiasSplitGelu',
        domain: 'com.microsoft',
        inputs: [inputs['x'], inputs['bias']],
        outputs: [{ type: 'float32', shape: [1, rows, half] }],
      })[0]!,
    expected: Float32Array.from({ length: rows * half }, (_, index) => {
      const [row, column] = [Math.floor(index / half), index % half];
      return at(row, column) * reference.gelu(at(row, column + half));
    }),
  });
}

function blockedLinearCase(bits: WeightBits): SelfTestCase {
  // Few rows and short ones take other kernels than those of networks.
  const [rows, inSize, out] = [40, 128, 64];
  const operands = { x: values([rows, inSize], 1), bias: values([out], 2) };
  const shapes = blockedShapes([out, inSize], bits);
  const weight = Uint8Array.from(values(shapes.weight, 3, 128).data.map((value) => Math.floor(128 + value)));
  const scales = values(shapes.scales, 4, 0.1);
  // Transposed, as the reference takes it.
  const matrix = new Float32Array(inSize * out);
  for (let i = 0; i < out * inSize; i++) {
    const stored = bits === 8 ? weight[i]! : (weight[i >> 1]! >> (4 * (i & 1))) & 15;
    const [row, column] = [Math.floor(i / inSize), i % inSize];
    matrix[column * out + row] = (stored - zeroPoint(bits)) * scales.data[Math.floor(i / blockSize)]!;
  }
  const products = reference.matmul(operands.x.data, matrix, inSize, out);
  return makeCase({
    what: `product with weights of ${bits} bits`,
    operator: 'MatMulNBits',
    operands,
    emit: (g, { x, bias }) =>
      blockedLinear(g, {
        x: x!,
        weight: g.constant(weight, shapes.weight),
        scales: g.constant(scales.data, shapes.scales),
        bits,
        bias,
        roundsRows: false,
      }),
    expected: products.map((value, index) => value + operands.bias.data[index % out]!),
  });
}

function convCase(channels: number): SelfTestCase {
  const operands = {
    x: values([1, channels, 8, 8], 1),
    w: values([4, channels, 3, 3], 2),
    bias: values([4], 3),
  };
  const products = reference.conv3x3(operands.x.data, operands.w.data, channels, 4, 8);
  return makeCase({
    what: `3×3 convolution of ${channels} channels`,
    operands,
    emit: (g, { x, w, bias }) => conv2d(g, x!, w!, bias),
    expected: products.map((value, index) => value + operands.bias.data[Math.floor(index / 64)]!),
  });
}

function normCase(): SelfTestCase {
  const x = values([2, 4, 96], 1, 5);
  return makeCase({
    what: 'instance normalisation',
    operands: { x },
    emit: (g, inputs) => instanceNorm(g, inputs['x']!, 1e-5),
    expected: reference.normalizeRows(x.data, 96, 1e-5),
  });
}

function makeCase({ what, operator, type = 'float32', operands, emit, expected }: CaseRequest): SelfTestCase {
  const g = new GraphBuilder('self-test');
  const inputs: Record<string, Value> = {};
  const feeds: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(operands)) {
    inputs[name] = g.input(name, type, shape);
    feeds[name] = { type, shape, data: type === 'float16' ? float32ToFloat16(data) : data };
  }
  g.output('y', emit(g, inputs));
  const artifact = {
    label: `self-test: ${what}`,
    graph: g.build().bytes,
    weights: [],
    inputs: [],
    outputs: [],
  };
  // Half floats carry 11 bits, and sums of them round again.
  const tolerance = type === 'float16' ? 1e-2 : 1e-4;
  return { what, operator, artifact, feeds, expected, tolerance };
}

/** Numbers without a pattern a wrong kernel could hide in, the same on every machine. */
function values(
  shape: readonly number[],
  salt: number,
  scale = 1,
): { shape: readonly number[]; data: Float32Array } {
  const length = shape.reduce((product, size) => product * size, 1);
  return {
    shape,
    data: Float32Array.from({ length }, (_, i) => scale * Math.sin(12.9898 * i + 78.233 * salt * (i + 1))),
  };
}

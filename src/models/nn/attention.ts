import { type AttentionRequest, checkAttention, fusedAttention } from '../../onnx/attention.js';
import type { Dim } from '../../onnx/dim.js';
import { add, multiply, softmax } from '../../onnx/elementwise.js';
import { matmul } from '../../onnx/linear.js';
import { inferred, reshape, transpose } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { attendInPieces } from './attention-pieces.js';
import { dense } from './layers.js';
import { asCompute, asFloat32, type Net } from './net.js';

/** Names and biases of an attention layer's four projections. */
export interface ProjectionNames {
  query: string;
  key: string;
  value: string;
  output: string;
  /** Whether query, key and value have a bias; the output always has. */
  bias: boolean;
}

/** The names that UNet and motion module use. */
export const unetProjections: ProjectionNames = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  output: 'to_out.0',
  bias: false,
};

/** Options of {@link attention}. */
export interface AttentionOptions {
  heads: number;
  names: ProjectionNames;
  /** Rows that keys and values are made from; default: the queries' own (self-attention). */
  context?: Value | undefined;
  /** Number of sequences that the rows are cut into. */
  sequences: Dim;
  causal?: boolean;
  /** What is done to the keys, `[sequences, length, channels]`; nothing unless given. */
  scaleKeys?: ((keys: Value) => Value) | undefined;
}

/**
 * Multi-head attention over rows `[sequences*length, channels]` (Vaswani et al. 2017, section 3.2). Rows of one
 * sequence lie together; queries and context may have different lengths but the same number of sequences.
 */
export function attention(net: Net, x: Value, options: AttentionOptions): Value {
  const { g } = net;
  const { names, sequences } = options;
  const context = options.context ?? x;
  const channels = x.shape[1] as number;
  const project = (name: string, rows: Value): Value =>
    reshape(g, dense(net, name, rows, channels, { bias: names.bias }), [sequences, inferred, channels]);
  const key = project(names.key, context);
  const attended = attend(net, {
    query: project(names.query, x),
    key: options.scaleKeys ? options.scaleKeys(key) : key,
    value: project(names.value, context),
    heads: options.heads,
    causal: options.causal ?? false,
  });
  return dense(net, names.output, reshape(g, attended, x.shape), channels);
}

/** Scaled dot-product attention, fused where the backend can. */
function attend(net: Net, request: AttentionRequest): Value {
  if (net.dialect.has('MultiHeadAttention')) return fusedAttention(net.g, request);
  const { g } = net;
  const headSize = checkAttention(g, request);
  const byHead = (x: Value, order: readonly number[]): Value =>
    transpose(g, reshape(g, x, [x.shape[0]!, x.shape[1]!, request.heads, headSize]), order);
  const query = multiply(
    g,
    byHead(request.query, [0, 2, 1, 3]),
    g.constant(Float32Array.of(headSize ** -0.5), [1], request.query.type),
  );
  const mixed = attendInPieces(
    g,
    [query, byHead(request.key, [0, 2, 3, 1]), byHead(request.value, [0, 2, 1, 3])],
    (queries, keys, values) => {
      let scores = asFloat32(net, matmul(g, queries, keys));
      if (request.causal === true) scores = add(g, scores, causalMask(net, request.query.shape[1]!));
      return matmul(g, asCompute(net, softmax(g, scores)), values);
    },
  );
  return reshape(g, transpose(g, mixed, [0, 2, 1, 3]), request.query.shape);
}

function causalMask(net: Net, length: Dim): Value {
  if (typeof length !== 'number') return net.g.fail('a causal mask needs a fixed length');
  // Finite on purpose: some kernels turn a sum with -infinity into NaN.
  const mask = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e9 : 0,
  );
  return net.g.constant(mask, [length, length]);
}

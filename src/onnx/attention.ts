import { checkSameType } from './cast.js';
import { formatShape, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import { float, type Value } from './value.js';

/** What both forms of attention take. */
export interface AttentionRequest {
  /** Queries `[batch, queries, heads * headSize]`. */
  query: Value;
  /** Keys `[batch, keys, heads * headSize]`. */
  key: Value;
  /** Values `[batch, keys, heads * headSize]`. */
  value: Value;
  heads: number;
  /** Whether a query sees only keys up to its own position; default false. */
  causal?: boolean;
}

/** Checks a request's shapes and gives the size of one head. */
export function checkAttention(g: GraphBuilder, { query, key, value, heads }: AttentionRequest): number {
  const size = query.shape[2];
  if (typeof size === 'number' && size % heads !== 0) {
    g.fail(
      `${size} channels cannot be shared by ${heads} attention heads; the config's number of heads does not fit these weights`,
    );
  }
  const fits =
    typeof size === 'number' &&
    size % heads === 0 &&
    [key, value].every(
      (v) => v.shape.length === 3 && sameDim(v.shape[0]!, query.shape[0]!) && v.shape[2] === size,
    );
  if (!fits) {
    g.fail(
      `attention with ${heads} heads over ${formatShape(query.shape)}, ${formatShape(key.shape)} and ${formatShape(value.shape)}`,
    );
  }
  checkSameType(g, 'attention', query, key, value);
  return (size as number) / heads;
}

/** Scaled dot-product attention as the runtime's fused operator: no matrix of all pairs is kept. */
export function fusedAttention(g: GraphBuilder, request: AttentionRequest): Value {
  const headSize = checkAttention(g, request);
  const { query, key, value, heads } = request;
  return g.node({
    operator: 'MultiHeadAttention',
    domain: 'com.microsoft',
    inputs: [query, key, value],
    attributes: {
      num_heads: heads,
      scale: float(1 / Math.sqrt(headSize)),
      ...(request.causal === true ? { unidirectional: 1 } : {}),
    },
    outputs: [query],
  })[0]!;
}

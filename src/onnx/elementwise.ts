import { type Dim, formatShape, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import { type Attribute, float, type Value } from './value.js';

function unary(
  g: GraphBuilder,
  operator: string,
  x: Value,
  attributes: Record<string, Attribute> = {},
): Value {
  return g.node({ operator, inputs: [x], attributes, outputs: [x] })[0]!;
}

/** Shape of `a` and `b` broadcast as numpy does, sizes known at run time only being equal to themselves. */
function broadcast(g: GraphBuilder, operator: string, a: Value, b: Value): Dim[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a.shape[index - rank + a.shape.length] ?? 1;
    const right = b.shape[index - rank + b.shape.length] ?? 1;
    if (left === 1) return right;
    if (right === 1 || sameDim(left, right)) return left;
    return g.fail(`${operator} cannot broadcast ${formatShape(a.shape)} with ${formatShape(b.shape)}`);
  });
}

function binary(g: GraphBuilder, operator: string, a: Value, b: Value): Value {
  if (a.type !== b.type) g.fail(`${operator} of ${a.type} and ${b.type}`);
  return g.node({
    operator,
    inputs: [a, b],
    outputs: [{ type: a.type, shape: broadcast(g, operator, a, b) }],
  })[0]!;
}

/** `a + b`, broadcast. */
export function add(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Add', a, b);
}

/** `a * b`, broadcast. */
export function multiply(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Mul', a, b);
}

/** Logistic function. */
export function sigmoid(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Sigmoid', x);
}

/** Exact GELU: `x * Phi(x)` through the error function. */
export function gelu(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Gelu', x, { approximate: 'none' });
}

/** `x * sigmoid(alpha * x)` as the runtime's one fused operator; alpha 1 is SiLU, 1.702 CLIP's quick GELU. */
export function fusedQuickGelu(g: GraphBuilder, x: Value, alpha: number): Value {
  return g.node({
    operator: 'QuickGelu',
    domain: 'com.microsoft',
    inputs: [x],
    attributes: { alpha: float(alpha) },
    outputs: [x],
  })[0]!;
}

/** Exponentials normalised to a sum of 1 over the last axis. */
export function softmax(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Softmax', x, { axis: -1 });
}

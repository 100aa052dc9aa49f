import { cast, checkSameType } from './cast.js';
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
  checkSameType(g, operator, a, b);
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

/** `x + y` in `x`'s shape, where a size of `y` that is known at run time only will be 1 or `x`'s. */
export function addInto(g: GraphBuilder, x: Value, y: Value): Value {
  const fits = (size: Dim, axis: number): boolean =>
    size === 1 || typeof size !== 'number' || size === x.shape[axis];
  if (x.type !== y.type || x.shape.length !== y.shape.length || !y.shape.every(fits)) {
    g.fail(`Add cannot broadcast ${formatShape(y.shape)} into ${formatShape(x.shape)}`);
  }
  return g.node({ operator: 'Add', inputs: [x, y], outputs: [x] })[0]!;
}

/** `a * b`, broadcast. */
export function multiply(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Mul', a, b);
}

/** `a - b`, broadcast. */
export function subtract(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Sub', a, b);
}

/** `a / b`, broadcast. */
export function divide(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Div', a, b);
}

/** The larger of `a` and `b`, broadcast. */
export function maximum(g: GraphBuilder, a: Value, b: Value): Value {
  return binary(g, 'Max', a, b);
}

/** Square root of each element. */
export function squareRoot(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Sqrt', x);
}

/** The exponential of each element. */
export function exponential(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Exp', x);
}

/** The error function of each element. */
export function errorFunction(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Erf', x);
}

/** 1 where `a` and `b` are equal and 0 elsewhere, broadcast, as `a`'s type. */
export function equalMask(g: GraphBuilder, a: Value, b: Value): Value {
  return mask(g, 'Equal', a, b);
}

/** 1 where `a` is at least `b` and 0 elsewhere, broadcast, as `a`'s type. */
export function atLeastMask(g: GraphBuilder, a: Value, b: Value): Value {
  return mask(g, 'GreaterOrEqual', a, b);
}

function mask(g: GraphBuilder, operator: string, a: Value, b: Value): Value {
  checkSameType(g, operator, a, b);
  const shape = broadcast(g, operator, a, b);
  const [holds] = g.node({ operator, inputs: [a, b], outputs: [{ type: 'bool', shape }] });
  return cast(g, holds!, a.type);
}

/** Logistic function. */
export function sigmoid(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Sigmoid', x);
}

/** Exact GELU: `x * Phi(x)` through the error function. */
export function gelu(g: GraphBuilder, x: Value): Value {
  return unary(g, 'Gelu', x, { approximate: 'none' });
}

/** Exact GELU of `x + bias` over the last axis, as the runtime's fused operator. */
export function fusedBiasGelu(g: GraphBuilder, x: Value, bias: Value): Value {
  return g.node({ operator: 'BiasGelu', domain: 'com.microsoft', inputs: [x, bias], outputs: [x] })[0]!;
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

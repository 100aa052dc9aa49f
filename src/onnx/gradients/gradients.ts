import type { TensorType } from '../../core/tensor.js';
import { formatShape } from '../dim.js';
import { add } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import type { Operation, Value } from '../value.js';
import type { BackwardStep } from './gradient-rule.js';
import { type Recomputation, recomputation } from './recompute.js';
import { gradientRules } from './rules.js';

/** Options of {@link gradients}. */
export interface GradientOptions {
  /**
   * Which block an operation belongs to, by the scope that it was added in; `undefined` for none. Inside of a block no
   * value is kept for the way back: it is computed again from what came into the block (Chen et al. 2016, "Training Deep
   * Nets with Sublinear Memory Cost"). Default: everything is kept.
   */
  readonly blockOf?: ((path: string) => string | undefined) | undefined;
}

/**
 * Appends to a graph what computes the gradients of `loss` by some of its values: reverse-mode differentiation of all
 * operations so far, in ONNX's own operators. Sizes may be numbers or known at run time only, as in the graph itself.
 * Nothing is computed, nor kept, for values by which no gradient is asked for.
 * @param loss One number: a value of shape `[1]`, or of other sizes of 1.
 * @param wanted Values of floats that the loss depends on: inputs, weights, or what nodes gave.
 * @returns A gradient for each of them, in its shape.
 * @throws `invalid-options` when the loss is no single number or does not depend on one of them, or for an operator
 * without a rule, such as a fused one.
 */
export function gradients(
  g: GraphBuilder,
  loss: Value,
  wanted: readonly Value[],
  { blockOf }: GradientOptions = {},
): Value[] {
  if (loss.shape.some((size) => size !== 1))
    g.fail(`a loss of shape ${formatShape(loss.shape)} is not one number`);
  const operations = [...g.operations];
  const dependent = dependentValues(operations, wanted);
  const found = new Map<string, Value>();
  const asked = new Set(wanted.map(({ name }) => name));
  const results = new Map<string, Value>();
  const again = blockOf && recomputation(g, operations, blockOf);
  found.set(loss.name, g.constant(Float32Array.of(1), loss.shape as readonly number[], loss.type));
  for (const operation of operations.reverse()) {
    const given = operation.outputs.map(({ name }) => found.get(name));
    for (const { name } of operation.outputs) {
      const gradient = found.get(name);
      if (gradient !== undefined && asked.has(name)) results.set(name, gradient);
      found.delete(name);
    }
    if (given.every((gradient) => gradient === undefined)) continue;
    if (!operation.inputs.some((input) => input !== undefined && dependent.has(input.name))) continue;
    g.scope(`backward.${operation.path}`, () => {
      const step = backwardStep(g, operation, given, again);
      passBack(step, dependent, found);
    });
  }
  return wanted.map(({ name }) => {
    const gradient = results.get(name) ?? found.get(name);
    return gradient ?? g.fail(`the loss does not depend on '${name}'`);
  });
}

const floats: ReadonlySet<TensorType> = new Set<TensorType>(['float32', 'float16']);

/** Names of the float values that depend on some values, these included. */
function dependentValues(operations: readonly Operation[], from: readonly Value[]): Set<string> {
  const names = new Set(from.map(({ name }) => name));
  for (const { inputs, outputs } of operations) {
    if (!inputs.some((input) => input !== undefined && names.has(input.name))) continue;
    for (const { name, type } of outputs) if (floats.has(type)) names.add(name);
  }
  return names;
}

/** Adds what an operation passes back to the gradients of its inputs. */
function passBack(step: BackwardStep, dependent: ReadonlySet<string>, found: Map<string, Value>): void {
  const { g, operation } = step;
  const rule =
    (operation.domain === '' ? gradientRules.get(operation.operator) : undefined) ??
    g.fail(`there is no gradient of '${operation.operator}'; write the network without fused operators`);
  for (const [index, write] of rule(step).entries()) {
    const input = operation.inputs[index];
    if (write === undefined || input === undefined || !dependent.has(input.name)) continue;
    const gradient = write();
    const sum = found.get(input.name);
    found.set(input.name, sum === undefined ? gradient : add(g, sum, gradient));
  }
}

function backwardStep(
  g: GraphBuilder,
  operation: Operation,
  given: readonly (Value | undefined)[],
  again: Recomputation | undefined,
): BackwardStep {
  const gradient = given.find((each) => each !== undefined)!;
  const value = (of: Value): Value => again?.(of, operation, gradient) ?? of;
  return {
    g,
    operation,
    input: (index) => value(operation.inputs[index]!),
    output: (index) => value(operation.outputs[index]!),
    gradients: given,
    gradient,
  };
}

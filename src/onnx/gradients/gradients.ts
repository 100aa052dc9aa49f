import type { TensorType } from '../../core/tensor.js';
import { formatShape } from '../dim.js';
import { add } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import type { Operation, Value } from '../value.js';
import type { BackwardStep, InputGradient } from './gradient-rule.js';
import { type LeanAttention, leanAttentionGradients, leanAttentions } from './lean-attention.js';
import { notBefore } from './order.js';
import { type Recomputation, recomputation } from './recompute.js';
import { gradientRules } from './rules.js';

/** Options of {@link gradients}. */
export interface GradientOptions {
  /**
   * Which block an operation belongs to, by the scope that it was added in; `undefined` for none. Gradients that are asked
   * for inside of a block are there before those of the blocks before it. Default: there are no blocks.
   */
  readonly blockOf?: ((path: string) => string | undefined) | undefined;
  /**
   * Whether values inside of blocks are computed again from what came into the block instead of being kept (Chen et al. 2016,
   * "Training Deep Nets with Sublinear Memory Cost"). Of attention over many keys what it gave is kept, and the scores are
   * made again one attention at a time. Default false.
   */
  readonly recompute?: boolean | undefined;
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
  { blockOf, recompute = false }: GradientOptions = {},
): Value[] {
  if (loss.shape.some((size) => size !== 1))
    g.fail(`a loss of shape ${formatShape(loss.shape)} is not one number`);
  const operations = [...g.operations];
  const dependent = dependentValues(operations, wanted);
  const found = new Map<string, Value>();
  const asked = new Set(wanted.map(({ name }) => name));
  const results = new Map<string, Value>();
  const lean = leanAttentions(operations, asked);
  const again = recompute && blockOf ? recomputation(g, operations, blockOf, lean) : undefined;
  // What the attention before has passed back, if the next is to wait for that.
  let turn: readonly Value[] | undefined = again && [];
  found.set(loss.name, g.constant(Float32Array.of(1), loss.shape as readonly number[], loss.type));
  // What was asked for and belongs to the block under way.
  const done: Value[] = [];
  let block: string | undefined;
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
      const own = blockOf?.(operation.path);
      const waits = own !== block ? done.splice(0) : [];
      block = own;
      const arrived = given.map((gradient) => gradient && notBefore(g, gradient, waits));
      const attention = lean.get(operation);
      const stepOf = (each: Operation): BackwardStep => backwardStep(g, each, arrived, again);
      const passed = attention
        ? passLean(stepOf, attention, turn, dependent, found)
        : passBack(stepOf(operation), dependent, found);
      if (attention && turn) turn = passed.map(({ gradient }) => gradient);
      done.push(...passed.filter(({ input }) => asked.has(input.name)).map(({ gradient }) => gradient));
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
function passBack(step: BackwardStep, dependent: ReadonlySet<string>, found: Map<string, Value>): Passed[] {
  const { g, operation } = step;
  const rule =
    (operation.domain === '' ? gradientRules.get(operation.operator) : undefined) ??
    g.fail(`there is no gradient of '${operation.operator}'; write the network without fused operators`);
  return passTo(step, operation.inputs, rule(step), dependent, found);
}

/**
 * The same of a whole attention.
 * @param turn What has to be there before the scores are made again; `undefined` when they were kept.
 */
function passLean(
  stepOf: (operation: Operation) => BackwardStep,
  { scores, mixed }: LeanAttention,
  turn: readonly Value[] | undefined,
  dependent: ReadonlySet<string>,
  found: Map<string, Value>,
): Passed[] {
  const [step, before] = [stepOf(mixed), stepOf(scores)];
  const { g } = step;
  const writes = leanAttentionGradients(g, {
    queries: notBefore(g, before.input(0), turn ?? []),
    keys: before.input(1),
    values: step.input(1),
    shares: turn ? undefined : step.input(0),
    mixed: step.output(0),
    gradient: notBefore(g, step.gradient, turn ?? []),
  });
  return passTo(step, [...scores.inputs, mixed.inputs[1]], writes, dependent, found);
}

/** What an operation has passed back to one of its inputs. */
interface Passed {
  readonly input: Value;
  readonly gradient: Value;
}

function passTo(
  { g }: BackwardStep,
  inputs: readonly (Value | undefined)[],
  writes: readonly (InputGradient | undefined)[],
  dependent: ReadonlySet<string>,
  found: Map<string, Value>,
): Passed[] {
  return writes.flatMap((write, index) => {
    const input = inputs[index];
    if (write === undefined || input === undefined || !dependent.has(input.name)) return [];
    const gradient = write();
    const sum = found.get(input.name);
    found.set(input.name, sum === undefined ? gradient : add(g, sum, gradient));
    return [{ input, gradient }];
  });
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

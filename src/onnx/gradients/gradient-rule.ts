import type { GraphBuilder } from '../graph.js';
import type { Operation, Value } from '../value.js';

/** An operation on the way back: what its rule may use. */
export interface BackwardStep {
  readonly g: GraphBuilder;
  readonly operation: Operation;
  /** An input's value, computed again if it was not kept. */
  input(index: number): Value;
  /** An output's value, computed again if it was not kept. */
  output(index: number): Value;
  /** The loss's gradient by each output; `undefined` where the loss does not depend on it. */
  readonly gradients: readonly (Value | undefined)[];
  /** That of the first output, for operators that have one. */
  readonly gradient: Value;
}

/** Writes the loss's gradient by one input, in that input's shape and type. Called only where it is wanted. */
export type InputGradient = () => Value;

/**
 * How gradients pass an operator: for each input a function that writes its gradient, `undefined` for inputs by which
 * nothing can be differentiated, such as shapes.
 */
export type GradientRule = (step: BackwardStep) => readonly (InputGradient | undefined)[];

/** The input at `index` as it was asked for: for its shape and type, which need no values. */
export function inputLike({ operation }: BackwardStep, index: number): Value {
  const value = operation.inputs[index];
  if (value === undefined) throw new RangeError(`${operation.operator} has no input ${index}`);
  return value;
}

/** A whole number among an operation's attributes. */
export function integerAttribute({ operation }: BackwardStep, name: string, fallback: number): number {
  const value = operation.attributes[name];
  return typeof value === 'number' ? value : fallback;
}

/** A list of whole numbers among an operation's attributes; empty when it is not there. */
export function integersAttribute({ operation }: BackwardStep, name: string): readonly number[] {
  const value = operation.attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : [];
}

/** A float among an operation's attributes. */
export function floatAttribute({ operation }: BackwardStep, name: string, fallback: number): number {
  const value = operation.attributes[name];
  return typeof value === 'object' && 'float' in value ? value.float : fallback;
}

/** What `write` gives, written once for all who ask. */
export function once(write: () => Value): () => Value {
  let written: Value | undefined;
  return () => {
    written ??= write();
    return written;
  };
}

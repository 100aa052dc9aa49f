import { sameDim } from '../dim.js';
import { multiply, softmax, subtract } from '../elementwise.js';
import type { GraphBuilder } from '../graph.js';
import { matmul } from '../linear.js';
import { reduce } from '../reduce.js';
import { exchanged } from '../shape-ops.js';
import type { Operation, Value } from '../value.js';

/**
 * Attention as networks write it without fused operators: a softmax over the products of queries and keys, times the
 * values. The scores are the largest values of a network, as many as there are pairs of pixels.
 */
export interface LeanAttention {
  /** Queries `[…, queries, size]` times keys `[…, size, keys]`. */
  readonly scores: Operation;
  /** What the softmax gave, times values `[…, keys, size]`. */
  readonly mixed: Operation;
}

/** Scores take so many times the memory of what attention gives before it pays to keep that in their place. */
const worthwhile = 4;

/**
 * The attentions whose scores nothing else sees and are worth to be treated apart, each by the operation that ends it.
 * @param asked Names of values by which gradients are wanted, which are kept.
 */
export function leanAttentions(
  operations: readonly Operation[],
  asked: ReadonlySet<string>,
): ReadonlyMap<Operation, LeanAttention> {
  const uses = new Map<string, number>();
  const producers = new Map<string, Operation>();
  const found = new Map<Operation, LeanAttention>();
  for (const { inputs } of operations) {
    for (const input of inputs) if (input) uses.set(input.name, (uses.get(input.name) ?? 0) + 1);
  }
  // What `operator` gave, if it gave it to one operation alone.
  const own = (value: Value | undefined, operator: string): Operation | undefined => {
    if (value === undefined || uses.get(value.name) !== 1 || asked.has(value.name)) return undefined;
    const producer = producers.get(value.name);
    return producer?.operator === operator ? producer : undefined;
  };
  for (const operation of operations) {
    for (const { name } of operation.outputs) producers.set(name, operation);
    if (operation.operator !== 'MatMul') continue;
    const shares = own(operation.inputs[0], 'Softmax');
    if (shares?.attributes['axis'] !== -1) continue;
    const scores = own(shares.inputs[0], 'MatMul');
    if (scores && isLarge(scores) && [scores, operation].every(isUnbroadcast)) {
      found.set(operation, { scores, mixed: operation });
    }
  }
  return found;
}

function isLarge({ inputs, outputs }: Operation): boolean {
  const [size, keys] = [inputs[0]!.shape.at(-1), outputs[0]!.shape.at(-1)];
  return typeof size === 'number' && typeof keys === 'number' && keys >= worthwhile * size;
}

function isUnbroadcast({ inputs }: Operation): boolean {
  const leading = inputs.map((input) => input!.shape.slice(0, -2));
  return (
    leading[0]!.length === leading[1]!.length &&
    leading[0]!.every((size, i) => sameDim(size, leading[1]![i]!))
  );
}

/** What {@link leanAttentionGradients} begins from. */
export interface AttentionValues {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** What the softmax gave, if that was kept. */
  readonly shares: Value | undefined;
  /** What the attention gave. */
  readonly mixed: Value;
  /** The loss's gradient by that. */
  readonly gradient: Value;
}

/**
 * The gradients by queries, keys and values, with no more than three arrays of the scores' size at a time (Dao et al. 2022,
 * "FlashAttention", appendix B.4): the softmax is made again unless it was kept, and the mean that its gradient needs follows
 * from what the attention gave.
 */
export function leanAttentionGradients(
  g: GraphBuilder,
  { queries, keys, values, shares: kept, mixed, gradient }: AttentionValues,
): readonly [byQueries: () => Value, byKeys: () => Value, byValues: () => Value] {
  const last = mixed.shape.length - 1;
  const shares = kept ?? softmax(g, matmul(g, queries, keys));
  const byShares = matmul(g, gradient, exchanged(g, values));
  const mean = reduce(g, 'sum', multiply(g, gradient, mixed), [last]);
  const byScores = multiply(g, subtract(g, byShares, mean), shares);
  return [
    () => matmul(g, byScores, exchanged(g, keys)),
    // In this order, since a product with few rows takes as long as one with many; the CPU turns no scores for it.
    () => exchanged(g, matmul(g, exchanged(g, byScores), queries)),
    () => matmul(g, exchanged(g, shares), gradient),
  ];
}

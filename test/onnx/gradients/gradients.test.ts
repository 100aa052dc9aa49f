import { describe, expect, test } from 'vitest';
import { add, fusedQuickGelu, multiply, sigmoid, softmax } from '../../../src/onnx/elementwise.js';
import { gradients } from '../../../src/onnx/gradients/gradients.js';
import { GraphBuilder } from '../../../src/onnx/graph.js';
import { linear, matmul } from '../../../src/onnx/linear.js';
import { reduce } from '../../../src/onnx/reduce.js';
import { concat } from '../../../src/onnx/shape-ops.js';
import type { Value } from '../../../src/onnx/value.js';
import { gradientError } from '../../support/check-gradients.js';
import { ramp } from '../../support/run-graph.js';

/** Three layers, each in a scope of its own, the last of which sees the first once more. */
function layers(g: GraphBuilder, x: Value, weights: readonly Value[]): Value {
  const outputs: Value[] = [];
  let h = x;
  weights.forEach((weight, index) => {
    const seen = index === 2 ? concat(g, [h, outputs[0]!], 1) : h;
    h = g.scope(`layers.${index}`, () => {
      const y = linear(g, seen, weight);
      return multiply(g, y, sigmoid(g, y));
    });
    outputs.push(h);
  });
  return h;
}

const inputs = {
  x: { shape: [3, 4] },
  a: { shape: [4, 4] },
  b: { shape: [4, 4] },
  c: { shape: [2, 8] },
};
const net = (g: GraphBuilder, { x, a, b, c }: Readonly<Record<string, Value>>): Value =>
  layers(g, x!, [a!, b!, c!]);
const blockOf = (path: string): string | undefined => /^layers\.\d/.exec(path)?.[0];

const operators = (g: GraphBuilder, operator: string): number =>
  g.operations.filter((each) => each.operator === operator).length;

describe('gradients of a graph', () => {
  test('pass through layers and around them', async () => {
    expect(await gradientError(inputs, net)).toBeLessThan(1e-3);
  });

  test('are the same when blocks are computed again on the way back', async () => {
    expect(await gradientError(inputs, net, { blockOf, recompute: true })).toBeLessThan(1e-3);
  });

  test('cost nothing for weights that stay as they are', () => {
    const g = new GraphBuilder('test');
    const x = g.input('x', 'float32', [3, 4]);
    const frozen = [g.weight('a', [4, 4]), g.weight('b', [4, 4])];
    const trained = g.input('c', 'float32', [2, 8]);
    const y = layers(g, x, [...frozen, trained]);
    const products = operators(g, 'Gemm');
    gradients(g, reduce(g, 'sum', y, [0, 1]), [trained]);
    expect(operators(g, 'Gemm') - products).toBe(1);
  });

  test('of a block computed again begin from what came into it, when the gradient is there', () => {
    const g = new GraphBuilder('test');
    const x = g.input('x', 'float32', [3, 4]);
    const weights = ['a', 'b'].map((name) => g.input(name, 'float32', [4, 4]));
    const y = layers(g, x, weights);
    const forward = operators(g, 'Gemm');
    gradients(g, reduce(g, 'sum', y, [0, 1]), weights, { blockOf, recompute: true });
    // Each layer's product once more, and two for the weights and one for what lies between.
    expect(operators(g, 'Gemm') - forward).toBe(forward + 3);
  });

  describe('of attention over many keys', () => {
    const rows = { queries: { shape: [2, 3, 2] }, keys: { shape: [2, 2, 9] }, values: { shape: [2, 9, 2] } };
    const attend = (g: GraphBuilder, queries: Value, keys: Value, values: Value): Value =>
      matmul(g, softmax(g, matmul(g, queries, keys)), values);
    /** Two attentions in one block: the second looks for what the first gave. */
    const twice = (g: GraphBuilder, { queries, keys, values }: Readonly<Record<string, Value>>): Value =>
      g.scope('layers.0', () => {
        const first = attend(g, queries!, keys!, values!);
        return attend(g, multiply(g, first, first), keys!, values!);
      });

    test('agree with central differences, scores kept or made again', async () => {
      for (const options of [{}, { blockOf }, { blockOf, recompute: true }]) {
        expect(await gradientError(rows, twice, options)).toBeLessThan(1e-3);
      }
    });

    test('agree where only the values are asked for', async () => {
      const { values, ...others } = rows;
      const error = await gradientError({ values }, (g, value) => {
        const given = Object.entries(others).map(([name, { shape }]) => {
          const count = shape.reduce((product, size) => product * size, 1);
          return [name, g.constant(ramp(count), shape)] as const;
        });
        return twice(g, { ...value, ...Object.fromEntries(given) });
      });
      expect(error).toBeLessThan(1e-3);
    });

    test('need the softmax once more, and what it is multiplied with not at all', () => {
      for (const [options, softmaxes, products] of [
        [{}, 2, 4 + 8],
        [{ blockOf, recompute: true }, 4, 4 + 8 + 2],
      ] as const) {
        const g = new GraphBuilder('test');
        const values = Object.entries(rows).map(
          ([name, { shape }]) => [name, g.input(name, 'float32', shape)] as const,
        );
        const y = twice(g, Object.fromEntries(values));
        const loss = reduce(g, 'sum', y, [0, 1, 2]);
        const wanted = values.map(([, value]) => value);
        gradients(g, loss, wanted, options);
        expect([operators(g, 'Softmax'), operators(g, 'MatMul')]).toEqual([softmaxes, products]);
      }
    });
  });

  test('add up where a value is used more than once', async () => {
    const error = await gradientError({ x: { shape: [4] } }, (g, { x }) => add(g, multiply(g, x!, x!), x!));
    expect(error).toBeLessThan(1e-3);
  });

  test('need one number to begin from', () => {
    const g = new GraphBuilder('test');
    const x = g.input('x', 'float32', [3]);
    expect(() => gradients(g, multiply(g, x, x), [x])).toThrow(/a loss of shape \[3\] is not one number/);
  });

  test('are refused for what the loss does not depend on', () => {
    const g = new GraphBuilder('test');
    const [x, y] = ['x', 'y'].map((name) => g.input(name, 'float32', [3])) as [Value, Value];
    expect(() => gradients(g, reduce(g, 'sum', x, [0]), [y])).toThrow(/does not depend on 'y'/);
  });

  test('are refused for fused operators, by their name and place', () => {
    const g = new GraphBuilder('test');
    const x = g.input('x', 'float32', [3]);
    const y = g.scope('layers.0', () => fusedQuickGelu(g, x, 1));
    expect(() => gradients(g, reduce(g, 'sum', y, [0]), [x])).toThrow(
      /at 'backward\.layers\.0': there is no gradient of 'QuickGelu'/,
    );
  });
});

import { expect, test } from 'vitest';
import { attendInPieces, type HeadRows } from '../../src/models/nn/attention-pieces.js';
import { softmax } from '../../src/onnx/elementwise.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import { matmul } from '../../src/onnx/linear.js';
import type { Value } from '../../src/onnx/value.js';
import { ramp, runModel } from '../support/run-graph.js';

const shapes = { queries: [2, 3, 4, 5], keys: [2, 3, 5, 6], values: [2, 3, 6, 5] };

function attention(g: GraphBuilder, most: number, sequences: number | string = 2): Value {
  const rows = Object.entries(shapes).map(([name, [, ...rest]]) =>
    g.input(name, 'float32', [sequences, ...rest]),
  ) as unknown as HeadRows;
  return attendInPieces(
    g,
    rows,
    (queries, keys, values) => matmul(g, softmax(g, matmul(g, queries, keys)), values),
    most,
  );
}

async function run(most: number): Promise<Float32Array> {
  const g = new GraphBuilder('test');
  g.output('y', attention(g, most));
  const feeds = Object.entries(shapes).map(([name, shape], index) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, { type: 'float32' as const, shape, data: ramp(count, index) }];
  });
  return (await runModel(g, Object.fromEntries(feeds)))['y']!.data as Float32Array;
}

test('attention in pieces of any size gives the same', async () => {
  const whole = await run(1e9);
  for (const most of [1, 24, 50, 6 * 24 - 1]) {
    const difference = (await run(most)).map((value, i) => Math.abs(value - whole[i]!));
    expect(Math.max(...difference), `${most} scores`).toBeLessThan(1e-6);
  }
});

test('no piece has more scores than asked, and sizes that are free are not cut', () => {
  const scores = (most: number, sequences?: string): (readonly unknown[])[] => {
    const g = new GraphBuilder('test');
    attention(g, most, sequences);
    return g.operations
      .filter(({ operator }) => operator === 'Softmax')
      .map(({ outputs }) => outputs[0]!.shape);
  };
  expect(scores(50)).toEqual([
    [2, 4, 6],
    [2, 4, 6],
    [2, 4, 6],
  ]);
  expect(scores(96)).toEqual([
    [4, 4, 6],
    [2, 4, 6],
  ]);
  expect(scores(144)).toEqual([[2, 3, 4, 6]]);
  expect(scores(1, 'free')).toHaveLength(1);
});

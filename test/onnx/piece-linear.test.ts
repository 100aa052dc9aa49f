import { describe, expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import { linear } from '../../src/onnx/linear.js';
import { pieceLinear } from '../../src/onnx/piece-linear.js';
import { ramp, runGraph } from '../support/run-graph.js';

const [columns, outSize] = [24, 20];
const weight = ramp(outSize * columns, 1);

// Too few to cut, 16 pieces of 128, 17 of 128, 16 of 256, and many that no piece divides.
describe.each([1, 77, 2048, 2176, 4096, 5001])('%i rows multiplied in pieces', (rows) => {
  const x = float32Tensor(ramp(rows * columns), [rows, columns]);

  test.each([
    ['a size that the graph learns when it runs', 'rows' as const],
    ['a size known when it is written', rows],
  ])('give what one product gives: %s', async (_, size) => {
    const whole = await runGraph(
      { x },
      (g) => linear(g, g.input('x', 'float32', [size, columns]), g.weight('w', [outSize, columns])),
      { w: weight },
    );
    const pieces = await runGraph(
      { x },
      (g) => pieceLinear(g, g.input('x', 'float32', [size, columns]), g.weight('w', [outSize, 1, columns])),
      { w: weight },
    );
    expect(pieces.shape).toEqual([rows, outSize]);
    expect(pieces.data).toBeRelativelyCloseTo(whole.data, 1e-6);
  });
});

test('how rows are cut is worked out once for all layers of a size', () => {
  const g = new GraphBuilder('two layers');
  const wide = pieceLinear(g, g.input('x', 'float32', ['rows', 8]), g.weight('a', [16, 1, 8]));
  const first = g.operations.filter(({ operator }) => operator === 'Mod').length;
  pieceLinear(g, wide, g.weight('b', [8, 1, 16]));
  expect(g.operations.filter(({ operator }) => operator === 'Mod')).toHaveLength(first);
});

test('a weight of other columns is refused by the names and shapes of both', () => {
  const g = new GraphBuilder('mistake');
  const x = g.input('x', 'float32', ['rows', 8]);
  expect(() => pieceLinear(g, x, g.weight('w', [16, 1, 9]))).toThrow(
    "linear 'w' of shape [16, 1, 9] does not fit rows of [rows, 8]",
  );
});

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { conv2d, resizeNearest, upsampleNearest2x } from '../../src/onnx/conv.js';
import { add, multiply } from '../../src/onnx/elementwise.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import { linear } from '../../src/onnx/linear.js';
import { concat, gather, inferred, reshape, sliceTo, split, transpose } from '../../src/onnx/shape-ops.js';
import { layOutWeights } from '../../src/onnx/weight-layout.js';
import { ramp, runGraph } from '../support/run-graph.js';

test('one graph serves every size that it leaves free', async () => {
  for (const [rows, columns] of [
    [2, 3],
    [5, 1],
  ] as const) {
    const x = float32Tensor(ramp(rows * columns * 4), [rows, columns, 4]);
    const { shape, data } = await runGraph({ x }, (g) => {
      const input = g.input('x', 'float32', ['rows', 'columns', 4]);
      const flat = reshape(g, input, [inferred, 4]);
      return reshape(g, flat, [4, input.shape[1]!, input.shape[0]!]);
    });
    expect(shape).toEqual([4, columns, rows]);
    expect(data).toEqual(x.data);
  }
});

test('sizes can be cut by a number that is known at run time only', async () => {
  const feeds = { x: float32Tensor(ramp(24), [12, 2]), c: float32Tensor(new Float32Array(3), [3]) };
  const { shape } = await runGraph(feeds, (g) => {
    const x = g.input('x', 'float32', ['rows', 2]);
    const contexts = g.input('c', 'float32', ['contexts']).shape[0]!;
    return reshape(g, reshape(g, x, [contexts, inferred, 2]), [contexts, 2, inferred]);
  });
  expect(shape).toEqual([3, 2, 4]);
});

test('a convolution is the sum over its window', async () => {
  const x = float32Tensor(ramp(2 * 5 * 4), [1, 2, 5, 4]);
  const weights = { 'conv.weight': ramp(3 * 2 * 9, 2), 'conv.bias': ramp(3, 3) };
  for (const [stride, pads, height, width] of [
    [1, [1, 1, 1, 1], 5, 4],
    [2, [1, 1, 1, 1], 3, 2],
    [2, [0, 0, 1, 1], 2, 2],
  ] as const) {
    const { shape, data } = await runGraph(
      { x },
      (g) => {
        const input = g.input('x', 'float32', ['n', 2, 'h', 'w']);
        return conv2d(g, input, g.weight('conv.weight', [3, 2, 3, 3]), g.weight('conv.bias', [3]), {
          stride,
          pads,
        });
      },
      weights,
    );
    expect(shape).toEqual([1, 3, height, width]);
    const at = (c: number, y: number, column: number): number =>
      y < 0 || y >= 5 || column < 0 || column >= 4 ? 0 : x.data[(c * 5 + y) * 4 + column]!;
    const expected = Array.from({ length: 3 * height * width }, (_, i) => {
      const [o, y, column] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      let sum = weights['conv.bias'][o]!;
      for (let c = 0; c < 2; c++)
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 3; kx++) {
            sum +=
              at(c, y * stride + ky - pads[0], column * stride + kx - pads[1]) *
              weights['conv.weight'][((o * 2 + c) * 3 + ky) * 3 + kx]!;
          }
      return sum;
    });
    expect(data).toBeRelativelyCloseTo(expected, 1e-6);
  }
});

test('a linear layer takes weights in the order of torch', async () => {
  const x = float32Tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
  const { data } = await runGraph(
    { x },
    (g) => {
      const input = g.input('x', 'float32', ['rows', 2]);
      return linear(g, input, g.weight('w', [3, 2]), g.weight('b', [3]));
    },
    { w: Float32Array.of(1, 0, 0, 1, 1, 1), b: Float32Array.of(10, 20, 30) },
  );
  expect([...data]).toEqual([11, 22, 33, 13, 24, 37]);
});

test('nearest-neighbour enlargement repeats pixels, and fits any size', async () => {
  const x = float32Tensor(Float32Array.of(1, 2, 3), [1, 1, 1, 3]);
  const twice = await runGraph({ x }, (g) =>
    upsampleNearest2x(g, g.input('x', 'float32', ['n', 1, 'h', 'w'])),
  );
  expect([...twice.data]).toEqual([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3]);
  const five = await runGraph({ x }, (g) =>
    resizeNearest(g, g.input('x', 'float32', ['n', 1, 'h', 'w']), 1, 5),
  );
  expect([...five.data]).toEqual([1, 1, 2, 2, 3]);
});

test('pieces of a value can be put together again', async () => {
  const x = float32Tensor(ramp(12), [2, 6]);
  const { data } = await runGraph({ x }, (g) => {
    const [a, b] = split(g, g.input('x', 'float32', ['n', 6]), 2, 1);
    return transpose(g, transpose(g, concat(g, [a!, b!], 1), [1, 0]), [1, 0]);
  });
  expect(data).toEqual(x.data);
});

test('rows are looked up by index, and a table is cut to a size of another input', async () => {
  const feeds = {
    ids: { type: 'int64' as const, shape: [2], data: BigInt64Array.of(2n, 0n) },
    x: float32Tensor(new Float32Array(4), [2, 2]),
  };
  const { data } = await runGraph(feeds, (g) => {
    const table = g.constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    const rows = gather(g, table, g.input('ids', 'int64', ['rows']));
    const head = sliceTo(g, table, g.input('x', 'float32', ['rows', 2]).shape[0]!, 0);
    return add(g, rows, head);
  });
  expect([...data]).toEqual([5 + 1, 6 + 2, 1 + 3, 2 + 4]);
});

test('a mistake is reported when the operator is called, with the layer that made it', () => {
  const g = new GraphBuilder('unet');
  const x = g.input('x', 'float32', ['n', 320, 'h', 'w']);
  const wrong = (): unknown =>
    g.scope('down_blocks.0', () =>
      g.scope('resnets.1', () => conv2d(g, x, g.weight('conv1.weight', [320, 640, 3, 3]), undefined)),
    );
  expect(wrong).toThrow(/unet graph, at 'down_blocks.0.resnets.1': conv 'conv1.weight' expects 640 channels/);
  expect(() => reshape(g, x, [7, 7])).toThrow(/cannot reshape \[n, 320, h, w\] to \[7, 7\]/);
  expect(() => multiply(g, x, g.constant(new Float32Array(7)))).toThrow(/cannot broadcast/);
  expect(() => g.runtimeDim({ coefficient: 1, factors: ['frames'] })).toThrow(
    /nothing in the graph has the size 'frames'/,
  );
});

test('weights are laid out aligned, in order, in blobs below 2 GiB', () => {
  const gigabyte = 2 ** 30;
  const blobs = layOutWeights(
    'unet',
    [100, gigabyte, gigabyte, 7].map((byteLength, i) => ({ name: `w${i}`, type: 'uint8', byteLength })),
  );
  expect(blobs.map(({ location, byteLength }) => [location, byteLength])).toEqual([
    ['unet-0.weights', 128 + gigabyte],
    ['unet-1.weights', gigabyte + 7],
  ]);
  expect(blobs.flatMap(({ tensors }) => tensors.map(({ offset }) => offset))).toEqual([0, 128, 0, gigabyte]);
});

test('graphs are written without generating code, as a strict Content-Security-Policy demands', () => {
  const script = `
    import { GraphBuilder } from './src/onnx/graph.ts';
    const g = new GraphBuilder('csp');
    g.output('y', g.input('x', 'float32', ['n', 3]));
    if (g.build().bytes.length < 10) throw new Error('empty');
    console.log('written');`;
  const flags = [
    '--disallow-code-generation-from-strings',
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    script,
  ];
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toContain('written');
});

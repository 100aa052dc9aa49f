import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { rowKernels, rowKernelsName, withRowKernels } from '../../src/models/row-kernels.js';
import { conv2d } from '../../src/onnx/conv.js';
import { rowForms } from '../../src/onnx/row-form.js';
import { rowWinogradConv } from '../../src/onnx/row-winograd.js';
import { ramp, runGraph } from '../support/run-graph.js';

const [outChannels, channels] = [3, 5];
const weight = ramp(outChannels * channels * 9, 1);
const bias = ramp(outChannels, 2);

const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 7 }),
});

test.each([
  ['two', rowForms[2]],
  ['four', rowForms[4]],
])('%s rows at a time give the 3×3 convolution, whatever the size', { timeout: 60_000 }, async (_, form) => {
  const kernels = await rowKernels(weight, form);
  const count = form.kernels.length;
  await fc.assert(
    fc.asyncProperty(sizes, async ({ batch, height, width }) => {
      const shape = [batch, channels, height, width];
      const x = float32Tensor(ramp(batch * channels * height * width), shape);
      // Sizes that the graph learns when it runs, as in the networks.
      const free = ['batch', channels, 'height', 'width'];
      const direct = await runGraph(
        { x },
        (g) =>
          conv2d(
            g,
            g.input('x', 'float32', free),
            g.weight('w', [outChannels, channels, 3, 3]),
            g.weight('b', [outChannels]),
          ),
        { w: weight, b: bias },
      );
      const rows = await runGraph(
        { x },
        (g) =>
          rowWinogradConv(g, {
            x: g.input('x', 'float32', free),
            form,
            kernels: g.weightParts('k', [count * outChannels, channels, 1, 3], count),
            bias: g.weight('b', [outChannels]),
          }),
        { k: kernels, b: bias },
      );
      expect(rows.shape).toEqual(direct.shape);
      expect(rows.data).toBeRelativelyCloseTo(direct.data, 1e-5);
    }),
    { numRuns: 25, seed: 1 },
  );
});

test('row kernels are read under a name of their own, all else as it is', async () => {
  const read = async (name: string): Promise<Float32Array> =>
    name === 'conv.weight' ? weight : Float32Array.of(7);
  const source = withRowKernels({ read });
  for (const form of Object.values(rowForms)) {
    const kernels = await source.read(rowKernelsName('conv.weight', form));
    expect(kernels).toHaveLength((weight.length / 3) * form.kernels.length);
  }
  expect([...(await source.read('conv.weight'))]).toEqual([...weight]);
  expect([...(await source.read('conv.bias'))]).toEqual([7]);
});

test('of two rows the middle kernels are half of the sum of all rows, the middle one added and taken away', async () => {
  const kernels = await rowKernels(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), rowForms[2]);
  expect([...kernels]).toEqual([1, 2, 3, 6, 7.5, 9, 2, 2.5, 3, 7, 8, 9]);
});

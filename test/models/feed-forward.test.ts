import { expect, test } from 'vitest';
import type { FusedOperator } from '../../src/backends/backend.js';
import { float32Tensor } from '../../src/core/tensor.js';
import { feedForward } from '../../src/models/nn/feed-forward.js';
import { conv } from '../../src/models/nn/layers.js';
import { makeNet } from '../../src/models/nn/net.js';
import { rowKernels, rowKernelsName } from '../../src/models/row-kernels.js';
import { rowForms } from '../../src/onnx/row-form.js';
import { ramp, runGraph } from '../support/run-graph.js';

const anything = { request() {}, has: () => true, check() {} };
const cpu = new Set<FusedOperator>(['FusedConv', 'BiasGelu']);
const portable = new Set<FusedOperator>();

test('the two products of the CPU form give the gated feed-forward', async () => {
  const [rows, channels] = [7, 8];
  const weights = {
    'ff.net.0.proj.weight': ramp(8 * channels * channels, 1),
    'ff.net.0.proj.bias': ramp(8 * channels, 2),
    'ff.net.2.weight': ramp(4 * channels * channels, 3),
    'ff.net.2.bias': ramp(channels, 4),
  };
  const run = (dialect: Set<FusedOperator>): ReturnType<typeof runGraph> =>
    runGraph(
      { x: float32Tensor(ramp(rows * channels), [rows, channels]) },
      (g) => feedForward(makeNet(g, dialect, anything), g.input('x', 'float32', ['rows', channels])),
      weights,
    );
  expect((await run(cpu)).data).toBeRelativelyCloseTo((await run(portable)).data, 1e-5);
});

test.each([2, 4] as const)(
  'a wide 3×3 layer, %i rows at a time, gives the plain convolution',
  async (rowsAtATime) => {
    const channels = 128;
    const form = rowForms[rowsAtATime];
    const weight = ramp(channels * channels * 9, 1);
    const weights = {
      'c.weight': weight,
      [rowKernelsName('c.weight', form)]: await rowKernels(weight, form),
      'c.bias': ramp(channels, 2),
    };
    const shape = [2, channels, 6, 5];
    const run = (dialect: Set<FusedOperator>): ReturnType<typeof runGraph> =>
      runGraph(
        { x: float32Tensor(ramp(2 * channels * 30), shape) },
        (g) =>
          conv(makeNet(g, dialect, anything), 'c', g.input('x', 'float32', shape), {
            outChannels: channels,
            rowsAtATime,
          }),
        weights,
      );
    expect((await run(cpu)).data).toBeRelativelyCloseTo((await run(portable)).data, 1e-5);
  },
);

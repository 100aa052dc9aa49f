import { expect, test } from 'vitest';
import type { FusedOperator } from '../../src/backends/backend.js';
import { float32Tensor } from '../../src/core/tensor.js';
import { attention, unetProjections } from '../../src/models/nn/attention.js';
import { swish } from '../../src/models/nn/layers.js';
import { makeNet } from '../../src/models/nn/net.js';
import { ramp, runGraph } from '../support/run-graph.js';

const anything = { request() {}, has: () => true, check() {} };
const [sequences, length, channels, heads] = [3, 5, 8, 2];
const weights = Object.fromEntries(
  ['to_q.weight', 'to_k.weight', 'to_v.weight', 'to_out.0.weight'].map((name, i) => [
    name,
    ramp(channels ** 2, i),
  ]),
);
weights['to_out.0.bias'] = ramp(channels, 9);

function attend(dialect: Set<FusedOperator>, causal: boolean): ReturnType<typeof runGraph> {
  const x = float32Tensor(ramp(sequences * length * channels), [sequences * length, channels]);
  return runGraph(
    { x },
    (g) => {
      const net = makeNet(g, dialect, anything);
      const rows = g.input('x', 'float32', [sequences * length, channels]);
      return attention(net, rows, { heads, names: unetProjections, sequences, causal });
    },
    weights,
  );
}

test.each([false, true])('fused and written-out attention agree (causal: %s)', async (causal) => {
  const fused = await attend(new Set(['MultiHeadAttention']), causal);
  const plain = await attend(new Set(), causal);
  expect(fused.data).toBeRelativelyCloseTo(plain.data, 2e-6);
});

test('in causal attention a token does not see later ones', async () => {
  const all = await attend(new Set(), false);
  const causal = await attend(new Set(), true);
  const last = (data: Float32Array): Float32Array =>
    data.subarray((length - 1) * channels, length * channels);
  expect(last(causal.data)).toBeRelativelyCloseTo(last(all.data), 1e-6);
  expect(causal.data[0]).not.toBeCloseTo(all.data[0]!, 3);
});

test.each([1, 1.702])('fused and written-out swish agree (alpha %s)', async (alpha) => {
  const x = float32Tensor(
    ramp(64).map((v) => 8 * v),
    [64],
  );
  const run = (dialect: Set<FusedOperator>): ReturnType<typeof runGraph> =>
    runGraph({ x }, (g) => swish(makeNet(g, dialect, anything), g.input('x', 'float32', [64]), alpha));
  const expected = x.data.map((v) => v / (1 + Math.exp(-alpha * v)));
  expect((await run(new Set(['QuickGelu']))).data).toBeRelativelyCloseTo(expected, 1e-6);
  expect((await run(new Set())).data).toBeRelativelyCloseTo(expected, 1e-6);
});

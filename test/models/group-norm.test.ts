import { expect, test } from 'vitest';
import { float32Tensor } from '../../src/core/tensor.js';
import { groupNorm } from '../../src/models/nn/group-norm.js';
import { makeNet } from '../../src/models/nn/net.js';
import { dim, multiplyDims } from '../../src/onnx/dim.js';
import { reshape } from '../../src/onnx/shape-ops.js';
import { ramp, runGraph } from '../support/run-graph.js';

const [batch, frames, channels, height, width, groups, epsilon] = [2, 3, 4, 2, 5, 2, 1e-5] as const;
const x = ramp(batch * frames * channels * height * width).map((v, i) => 3 * v + (i % 7));
const weight = ramp(channels, 5);
const bias = ramp(channels, 6);

/** Group norm by its definition; `set` tells which values share their statistics. */
function expected(set: (image: number, group: number) => string): Float32Array {
  const pixels = height * width;
  const place = (i: number): { image: number; channel: number } => ({
    image: Math.floor(i / (channels * pixels)),
    channel: Math.floor(i / pixels) % channels,
  });
  const groupOf = (i: number): string =>
    set(place(i).image, Math.floor(place(i).channel / (channels / groups)));
  const members = new Map<string, number[]>();
  for (const [i, value] of x.entries()) members.set(groupOf(i), [...(members.get(groupOf(i)) ?? []), value]);
  return x.map((value, i) => {
    const set = members.get(groupOf(i))!;
    const mean = set.reduce((a, b) => a + b) / set.length;
    const variance = set.reduce((a, b) => a + (b - mean) ** 2, 0) / set.length;
    const { channel } = place(i);
    return ((value - mean) / Math.sqrt(variance + epsilon)) * weight[channel]! + bias[channel]!;
  });
}

async function run(acrossFrames: boolean): Promise<Float32Array> {
  const feeds = { x: float32Tensor(x, [batch, frames, channels, height, width]) };
  const { data } = await runGraph(
    feeds,
    (g) => {
      const net = makeNet(g, new Set(), { request() {}, has: () => true, check() {} });
      const clips = g.input('x', 'float32', ['batch', 'frames', channels, 'height', 'width']);
      const clip = { batch: dim('batch'), frames: dim('frames') };
      const images = reshape(g, clips, [
        multiplyDims(clip.batch, clip.frames),
        channels,
        dim('height'),
        dim('width'),
      ]);
      return groupNorm(net, 'norm', images, {
        groups,
        epsilon,
        acrossFrames: acrossFrames ? clip : undefined,
      });
    },
    { 'norm.weight': weight, 'norm.bias': bias },
  );
  return data;
}

test('group norm takes its statistics from one frame', async () => {
  expect(await run(false)).toBeRelativelyCloseTo(
    expected((image, group) => `${image}/${group}`),
    1e-6,
  );
});

test('group norm across frames takes them from a whole clip, never from another', async () => {
  const clipOf = (image: number): number => Math.floor(image / frames);
  expect(await run(true)).toBeRelativelyCloseTo(
    expected((image, group) => `${clipOf(image)}/${group}`),
    1e-6,
  );
});

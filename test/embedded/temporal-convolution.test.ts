import { expect, test } from 'vitest';
import { startWeights } from '../../scripts/embedded/training-graph.ts';
import {
  newTemporalConvolution,
  temporalConvolution,
} from '../../scripts/experiments/temporal-convolution.ts';
import { torchRandom } from '../../src/core/torch-random.ts';
import { buildArtifact } from '../../src/models/artifact.ts';
import { normal, runUnfused } from '../training/tiny-training.ts';

const path = 'down_blocks.0.motion_modules.0';
const [frames, channels, side] = [4, 40, 2];

/** The layer at work on the frames of one clip, with random weights in place of the zeros that its last layer begins with. */
async function layerOutput(x: Float32Array, last: number): Promise<Float32Array> {
  const weights = new Map([...newTemporalConvolution(3)].filter(([name]) => name.startsWith(path)));
  const name = `${path}.convolutions.6.weight`;
  const { shape } = weights.get(name)!;
  const values = torchRandom(4)
    .normal(shape[0]! * shape[1]!)
    .map((value) => value * last);
  weights.set(name, { shape, values });
  const shapeOfX = [frames, channels, side, side];
  const artifact = await buildArtifact(
    'layer',
    { weights: startWeights('layer', weights), dialect: new Set() },
    (net) => {
      const input = net.g.input('x', 'float32', shapeOfX);
      net.g.output('y', temporalConvolution(net, path, input, { batch: 1, frames }));
    },
  );
  const { y } = await runUnfused(artifact, { x: { type: 'float32', shape: shapeOfX, data: x } });
  return y!.data as Float32Array;
}

const clip = normal([frames, channels, side, side], 1).data as Float32Array;
const each = channels * side * side;
const frame = (values: Float32Array, index: number): Float32Array =>
  values.slice(index * each, (index + 1) * each);

test('a temporal convolution begins as if it were not there', async () => {
  expect(await layerOutput(clip, 0)).toEqual(clip);
});

test('each frame of a temporal convolution sees the frames around it', async () => {
  const plain = await layerOutput(clip, 0.1);
  expect(plain).not.toEqual(clip);
  const changed = clip.slice();
  changed[3 * each] = changed[3 * each]! + 1;
  const moved = await layerOutput(changed, 0.1);
  for (let index = 0; index < frames; index++) expect(frame(moved, index)).not.toEqual(frame(plain, index));
});

test('a temporal convolution sees where a clip begins and ends', async () => {
  const still = Float32Array.from({ length: frames * each }, (_, i) => clip[i % each]!);
  const y = await layerOutput(still, 0.1);
  expect(frame(y, 0)).not.toEqual(frame(y, 3));
});

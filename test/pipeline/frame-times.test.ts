import { type AnimateDiffPipeline, float32Tensor, torchRandom, type UnetInput } from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeFrames } from '../../src/windows/window-frames.js';
import { loadTiny } from '../support/tiny-model.js';

let pipeline: AnimateDiffPipeline;
let context: UnetInput['context'];
beforeAll(async () => {
  pipeline = await loadTiny();
  context = await pipeline.components.textEncoder.encode(['a red circle']);
});
afterAll(() => pipeline.dispose());

const sample = float32Tensor(torchRandom(3).normal(192), [1, 4, 3, 4, 4]);
const predict = (input: Partial<UnetInput>) =>
  pipeline.components.unet.predict({ sample, timestep: 500, context, ...input });

describe('a time for each frame', () => {
  test('is, for the image model, what each frame gives by itself', async () => {
    const timestep = [901, 401, 1];
    const together = await predict({ timestep, motionEffect: 0 });
    for (const [frame, time] of timestep.entries()) {
      const alone = await predict({ sample: takeFrames(sample, [frame]), timestep: time });
      expect(takeFrames(together, [frame]).data).toBeRelativelyCloseTo(alone.data, 1e-5);
    }
  });

  test('is the plain run, to the bit, where all are the same', async () => {
    const plain = await predict({ timestep: 500 });
    expect(await predict({ timestep: [500, 500, 500] })).toEqual(plain);
    // The frames are seen together, so a single time that differs changes them all.
    const other = await predict({ timestep: [500, 500, 501] });
    expect(takeFrames(other, [0]).data).not.toEqual(takeFrames(plain, [0]).data);
  });

  test('serves every clip of a batch', async () => {
    const timestep = [901, 401, 1];
    const data = new Float32Array(384);
    data.set(sample.data);
    data.set(torchRandom(4).normal(192), 192);
    const both = await predict({ sample: float32Tensor(data, [2, 4, 3, 4, 4]), timestep });
    const second = await predict({ sample: float32Tensor(data.slice(192), sample.shape), timestep });
    expect(both.data.slice(0, 192)).toBeRelativelyCloseTo((await predict({ timestep })).data, 1e-5);
    expect(both.data.slice(192)).toBeRelativelyCloseTo(second.data, 1e-5);
  });

  test.each([[[1, 2]], [[1, 2, 3, 4]], [[]], [[1, 2, Number.NaN]], [Number.NaN]])(
    'is refused by name when it does not fit: %j',
    async (timestep) => {
      await expect(predict({ timestep })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringMatching(/^timestep: expected a number, or one for each of the 3 frames/),
      });
    },
  );
});

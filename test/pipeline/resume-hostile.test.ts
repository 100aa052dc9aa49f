import {
  AnimateDiffError,
  type AnimateDiffPipeline,
  decodeGenerationState,
  encodeGenerationState,
  float32Tensor,
  type GenerationState,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
let state: GenerationState;
beforeAll(async () => {
  pipeline = await loadTiny();
  const stream = pipeline.stream({ ...small, checkpointEvery: 1, freeInit: { iterations: 2 } });
  state = ofType(await eventsOf(stream), 'checkpoint')[0]!.state;
});
afterAll(() => pipeline.dispose());

const longer = float32Tensor(new Float32Array(4 * 5 * 16), [1, 4, 5, 4, 4]);

/** What is wrong, as a change to a sound state. */
const wrong: Record<string, (sound: GenerationState) => object> = {
  'no options': () => ({ options: null }),
  'no sampler': () => ({ scheduler: null }),
  'an empty sampler': () => ({ scheduler: {} }),
  'no memory of the sampler': ({ scheduler }) => ({ scheduler: { ...scheduler, values: null } }),
  'no noise stream': ({ scheduler }) => ({ scheduler: { ...scheduler, random: null } }),
  'a noise stream without words': ({ scheduler }) => ({
    scheduler: { ...scheduler, random: { kind: 'torch-cpu', extra: [] } },
  }),
  'a noise stream without a remainder': ({ scheduler }) => ({
    scheduler: { ...scheduler, random: { ...scheduler.random, extra: undefined } },
  }),
  'no iteration': () => ({ iteration: undefined }),
  'an iteration before the first': () => ({ iteration: -1e9 }),
  'an iteration past the last': () => ({ iteration: 2 }),
  'half an iteration': () => ({ iteration: 0.5 }),
  'an iteration in words': () => ({ iteration: '0' }),
  'a negative seed': () => ({ seed: -5 }),
  'tensors that are none': () => ({ tensors: 5 }),
  'latents of another type': ({ latents }) => ({ latents: { ...latents, type: 'int32' } }),
  'latents of more frames': () => ({ latents: longer }),
  'latents and noise of more frames': () => ({ latents: longer, startNoise: longer }),
  'noise of more frames': () => ({ startNoise: longer }),
  'a strength in words': ({ options }) => ({ options: { ...options, strength: '5' } }),
  'another number of frames': ({ options }) => ({ options: { ...options, numFrames: 5 } }),
  'another size': ({ options }) => ({ options: { ...options, width: 64 } }),
  'a scheduler among its options': ({ options }) => ({
    options: { ...options, scheduler: { contract: 'scheduler/1' } },
  }),
};

describe('a state that was changed is refused with a typed error before any step', () => {
  test.each(Object.keys(wrong))('%s', async (name) => {
    const hostile = { ...state, ...wrong[name]!(state) } as GenerationState;
    for (const read of [() => hostile, () => decodeGenerationState(encodeGenerationState(hostile))]) {
      let steps = 0;
      const run = async (): Promise<void> => {
        for await (const { type } of pipeline.resume(read())) if (type === 'step-end' && ++steps > 9) break;
      };
      const error: unknown = await run().catch((reason: unknown) => reason);
      expect(AnimateDiffError.isInstance(error)).toBe(true);
      expect(['weights-format', 'invalid-options']).toContain((error as AnimateDiffError).code);
      expect(steps).toBe(0);
    }
  });
});

test('a small file does not become large arrays', () => {
  const body = new Uint8Array(2 ** 20);
  const each = { $float32: [0, body.byteLength / 4] };
  const header = new TextEncoder().encode(JSON.stringify(Array.from({ length: 200 }, () => each)));
  const start = 16 + Math.ceil(header.byteLength / 4) * 4;
  const file = new Uint8Array(start + body.byteLength);
  file.set(new TextEncoder().encode('ADJSRUN1'));
  new DataView(file.buffer).setUint32(8, header.byteLength, true);
  file.set(header, 16);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => decodeGenerationState(file)).toThrow(expect.objectContaining({ code: 'weights-format' }));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * file.byteLength);
});

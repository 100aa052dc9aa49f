import { euler } from 'animatediff-js';
import { expect, test } from 'vitest';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';

test('frames, size, prompt, seed, steps and sampler change without loading a network again', async () => {
  const { backend, loaded } = watchedBackend();
  await using pipeline = await loadTiny({ backend, residency: 'all' });
  await pipeline.generate(tinyGeneration);
  const once = [...loaded];
  const changes = [
    { numFrames: 3 },
    { numFrames: 1 },
    { width: 72, height: 128 },
    { prompt: 'a blue square' },
    { seed: 8 },
    { numInferenceSteps: 3 },
    { guidanceScale: 1 },
    { scheduler: euler },
    { numFrames: 6, context: { length: 4, overlap: 1 } },
  ];
  for (const change of changes) await pipeline.generate({ ...tinyGeneration, ...change });
  expect(loaded).toEqual(once);
});

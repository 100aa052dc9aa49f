import { type Backend, euler } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { expect, test } from 'vitest';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';

test('frames, size, prompt, seed, steps and sampler change without loading a network again', async () => {
  const created: string[] = [];
  const cpu = ortNode();
  const counting: Backend = {
    ...cpu,
    createSession(artifact, options) {
      created.push(artifact.label);
      return cpu.createSession(artifact, options);
    },
  };
  await using pipeline = await loadTiny({ backend: counting, residency: 'all' });
  await pipeline.generate(tinyGeneration);
  const once = [...created];
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
  expect(created).toEqual(once);
});

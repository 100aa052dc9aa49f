import { expect, test } from 'vitest';
import { contest } from '../../examples/batch.js';
import { fixture, tinyGeneration } from '../support/tiny-model.js';

const files = { checkpoint: fixture('tiny-sd15/model'), motionModule: fixture('tiny-sd15/motion/v2.ckpt') };

test('every prompt is made with every seed, and given as it comes', async () => {
  const { prompt: _, seed: __, ...common } = { ...tinyGeneration, width: 32, height: 32 };
  const told: string[] = [];
  const failures = await contest(
    files,
    { ...common, guidanceScale: 1, jobs: ['a cat', 'a dog'], seeds: [1, 2] },
    async ({ prompt, seed }, { frames }) => {
      told.push(`${prompt} ${seed}: ${frames.length}`);
    },
  );
  expect(told).toEqual(['a cat 1: 2', 'a cat 2: 2', 'a dog 1: 2', 'a dog 2: 2']);
  expect(failures.size).toBe(0);
});

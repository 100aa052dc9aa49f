import { resolve } from 'node:path';
import { AnimateDiffPipeline, type Scheduler, torchRandom } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { schedulerConformance } from 'animatediff-js/testing';
import { describe, expect, test } from 'vitest';
import { restart } from '../../examples/custom-scheduler/restart.js';

describe.each([
  ['as it is', () => restart()],
  ['with a long part three times', () => restart({ from: 10, to: 0.05, times: 3 })],
  ['without restarts', () => restart({ times: 0 })],
] as [string, () => Scheduler][])('the restart sampler, %s, keeps the contract:', (_, make) => {
  test.each(schedulerConformance(make, { levelsFall: false }))('$name', ({ run }) => run());
});

test('takes the chosen part again, with fresh noise for each time', () => {
  let draws = 0;
  const random = torchRandom(1);
  const counting = {
    normal: (count: number) => {
      draws++;
      return random.normal(count);
    },
    state: () => random.state(),
  };
  const run = restart({ from: 3, to: 0.5, times: 2 }).start({ steps: 10, strength: 1, random: counting });
  const again = run.timesteps.flatMap((t, i) => (t > (run.timesteps[i - 1] ?? t) ? [i] : []));
  expect(again).toHaveLength(2);
  let sample: Float32Array = torchRandom(2).normal(64);
  for (const index of run.timesteps.keys()) sample = run.step(sample.map(Math.tanh), sample, index).sample;
  expect(draws).toBe(2);
});

test('makes an animation of the embedded model, told its noise by the pipeline', async () => {
  const embedded = resolve(import.meta.dirname, '../../models/embedded');
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(resolve(embedded, 'model')),
    motionModule: fileSource(resolve(embedded, 'motion/motion-module.safetensors')),
    motionGroupNorm: 'diffusers',
    scheduler: restart,
  });
  const steps: number[] = [];
  for await (const event of pipeline.stream({
    prompt: 'a red circle on a black background',
    numFrames: 2,
    numInferenceSteps: 6,
    guidanceScale: 1,
    seed: 6,
  })) {
    if (event.type === 'generation-start') expect(event.scheduler).toBe('restart');
    if (event.type === 'step-end') steps.push(event.timestep);
    if (event.type === 'generation-end') {
      expect(event.animation.frames).toHaveLength(2);
      expect(event.animation.warnings).toEqual([]);
    }
  }
  expect(steps.length).toBeGreaterThan(6);
});

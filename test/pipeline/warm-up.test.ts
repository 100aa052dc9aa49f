import type { Backend } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { afterAll, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { small } from './stream-events.js';

const cpu = ortNode();
afterAll(() => cpu.dispose());

/** The CPU as a device that compiles when a network first runs: it says so then, which is after the load. */
const compiling: Backend = {
  ...cpu,
  async createSession(artifact, options) {
    const session = await cpu.createSession(artifact, options);
    const step = { phase: 'warm-up', component: artifact.label, total: 1 } as const;
    let cold = true;
    return {
      async run(feeds, given) {
        const told = cold ? options?.onProgress : undefined;
        cold = false;
        told?.({ ...step, loaded: 0 });
        const outputs = await session.run(feeds, given);
        told?.({ ...step, loaded: 1 });
        return outputs;
      },
      dispose: () => session.dispose(),
    };
  },
};

test('a network that is loaded by a generation tells of its first run before what comes of it', async () => {
  await using pipeline = await loadTiny({ backend: compiling, residency: 'one' });
  const seen: string[] = [];
  for await (const event of pipeline.stream({ ...small, numFrames: 1 })) {
    if (event.type === 'load-progress') {
      const { phase, component, loaded } = event.progress;
      if (phase === 'warm-up') seen.push(`${component} ${loaded}`);
    } else if (event.type !== 'warning') seen.push(event.type);
  }
  expect(seen).toEqual([
    'generation-start',
    ...['text_encoder 0', 'text_encoder 1'],
    ...['unet 0', 'unet 1', 'step-end', 'step-end'],
    ...['vae_decoder 0', 'vae_decoder 1', 'frame-decoded'],
    'generation-end',
  ]);
});

test('who leaves during a first run lets go of the network when that has ended', async () => {
  await using pipeline = await loadTiny({ backend: compiling, residency: 'one' });
  for await (const event of pipeline.stream(small)) {
    if (event.type === 'load-progress' && event.progress.phase === 'warm-up') break;
  }
  // Another form of the UNet is refused while one is held.
  const { frames } = await pipeline.generate({ ...small, numFrames: 1, freeU: true });
  expect(frames).toHaveLength(1);
});

import { type AnimateDiffPipeline, type GenerateOptions, heun, lora } from 'animatediff-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HoldingBackend, holdingBackend } from '../support/holding-backend.js';
import { loadTiny } from '../support/tiny-model.js';
import { adapterFile } from './adapter-outputs.js';
import { small } from './stream-events.js';

type Options = Partial<GenerateOptions>;

const style = () =>
  lora(adapterFile('kohya'), {
    name: 'style',
    mode: 'live',
    schedule: [
      { at: 0.45, factor: 1 },
      { at: 0.5, factor: 0.4 },
    ],
  });

let watched: HoldingBackend;
let pipeline: AnimateDiffPipeline;
let plainly: AnimateDiffPipeline;

beforeAll(async () => {
  watched = holdingBackend();
  pipeline = await loadTiny({ backend: watched.backend, adapters: [style()] });
  const { backend } = holdingBackend({ deviceTensors: false });
  plainly = await loadTiny({ backend, adapters: [style()] });
});

beforeEach(() => {
  watched.failure = undefined;
  (watched.sent as number[]).length = 0;
  (watched.fed as string[][]).length = 0;
});

afterAll(async () => {
  await pipeline.dispose();
  await plainly.dispose();
});

const generations: Readonly<Record<string, Options>> = {
  'guidance in one run': { numInferenceSteps: 3 },
  'guidance in two runs': { guidanceBatching: 'sequential' },
  'no guidance': { guidanceScale: 1 },
  'deep features of each half': {
    deepCache: { interval: 3 },
    numInferenceSteps: 4,
    guidanceBatching: 'sequential',
  },
  'deep features of windows': { deepCache: true, numFrames: 4, context: { length: 2, schedule: 'batched' } },
  'a sampler of two evaluations': { scheduler: heun, deepCache: true },
  'a prompt for each frame, in windows': {
    prompt: { 0: 'a red circle', 3: 'a blue square' },
    numFrames: 4,
    context: { length: 2 },
  },
};

test.each(Object.entries(generations))(
  'what is held where the UNet runs gives the same frames, bit for bit, and is freed: %s',
  async (_, options) => {
    const expected = await plainly.generate({ ...small, ...options });
    const found = await pipeline.generate({ ...small, ...options });
    expect(found.latents.data).toEqual(expected.latents.data);
    expect(watched.most).toBeGreaterThan(0);
    expect(watched.held.size).toBe(0);
  },
);

describe('what is sent', () => {
  test('prompts and live adapters once, until the adapters’ schedule moves on', async () => {
    await pipeline.generate({ ...small, numInferenceSteps: 8 });
    const { sent, fed } = watched;
    expect(fed.every((names) => names.includes('context') && names.length > 10)).toBe(true);
    const [first, ...rest] = sent;
    for (const [step, bytes] of rest.entries()) {
      // The fifth step is the first at half.
      if (step + 1 === 4) expect(bytes).toBeGreaterThan(first! / 2);
      else expect(bytes).toBeLessThan(first! / 5);
    }
  });

  test('deep features never', async () => {
    await pipeline.generate({ ...small, deepCache: true, numInferenceSteps: 4 });
    expect(watched.fed.map((names) => names.includes('deep_features'))).toEqual([false, true, false, true]);
  });
});

describe('nothing stays held', () => {
  const options = { ...small, deepCache: true, numInferenceSteps: 4 } as const;

  test('after an abort', async () => {
    const controller = new AbortController();
    const run = (async () => {
      for await (const event of pipeline.stream({ ...options, signal: controller.signal })) {
        if (event.type !== 'step-end' || event.step !== 1) continue;
        expect(watched.held.size).toBeGreaterThan(0);
        controller.abort(new Error('stop'));
      }
    })();
    await expect(run).rejects.toThrow('stop');
    expect(watched.held.size).toBe(0);
  });

  test('when whoever drives the generation leaves', async () => {
    for await (const event of pipeline.stream(options)) if (event.type === 'step-end') break;
    expect(watched.held.size).toBe(0);
  });

  test('after an error', async () => {
    const run = (async () => {
      for await (const event of pipeline.stream(options)) {
        if (event.type === 'step-end') watched.failure = new Error('broken');
      }
    })();
    await expect(run).rejects.toThrow('broken');
    expect(watched.held.size).toBe(0);
  });

  test('when an endless animation is left', async () => {
    for await (const event of pipeline.endless({
      prompt: 'a red circle',
      width: 16,
      height: 16,
      numInferenceSteps: 2,
      windowLength: 2,
    })) {
      if (event.type === 'step-end') break;
    }
    expect(watched.held.size).toBe(0);
  });
});

import {
  type AnimateDiffPipeline,
  type Animation,
  type CheckpointEvent,
  ddim,
  decodeGenerationState,
  dpmSolverMultistep,
  encodeGenerationState,
  euler,
  eulerAncestral,
  float32Tensor,
  type GenerateOptions,
  type GenerationState,
  heun,
  torchRandom,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
let second: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
  second = await loadTiny();
});
afterAll(async () => {
  await pipeline.dispose();
  await second.dispose();
});

const throughBytes = (state: GenerationState): GenerationState =>
  decodeGenerationState(encodeGenerationState(state));

async function saved(options: Partial<GenerateOptions> = {}): Promise<{
  readonly animation: Animation;
  readonly checkpoints: readonly CheckpointEvent[];
}> {
  const events = await eventsOf(pipeline.stream({ ...small, checkpointEvery: 1, ...options }));
  return { animation: animationOf(events), checkpoints: ofType(events, 'checkpoint') };
}

type ResumeOptions = Parameters<AnimateDiffPipeline['resume']>[1];

const finished = async (
  state: GenerationState,
  options: ResumeOptions = {},
  by: AnimateDiffPipeline = pipeline,
): Promise<Animation> => animationOf(await eventsOf(by.resume(state, options)));

const picture = { width: 32, height: 32, data: new Uint8ClampedArray(4 * 32 * 32).fill(200) };
const windowed = { numFrames: 6, context: { loop: true, length: 4, overlap: 1 } };

describe('going on from any step gives the same frames, bit for bit', () => {
  test.each<[string, Partial<GenerateOptions>, number]>([
    ['ddim', { numInferenceSteps: 3 }, 3],
    ['ddim with noise added', { scheduler: ddim({ eta: 1 }) }, 2],
    ['eulerAncestral', { numInferenceSteps: 3, scheduler: eulerAncestral }, 3],
    ['a sampler with memory', { numInferenceSteps: 3, scheduler: dpmSolverMultistep }, 3],
    ['a sampler of two evaluations', { scheduler: heun }, 3],
    ['ddim in windows', windowed, 2],
    ['eulerAncestral in windows', { ...windowed, scheduler: eulerAncestral }, 2],
    ['ddim with FreeInit', { freeInit: { iterations: 2 } }, 4],
    ['eulerAncestral with FreeInit', { scheduler: eulerAncestral, freeInit: { iterations: 2 } }, 4],
    [
      'fast FreeInit in windows',
      { ...windowed, numInferenceSteps: 2, freeInit: { iterations: 2, useFastSampling: true } },
      3,
    ],
    ['video', { video: [picture], strength: 0.7, numInferenceSteps: 3, scheduler: eulerAncestral }, 2],
    ['given latents', { latents: float32Tensor(torchRandom(1).normal(192), [1, 4, 3, 4, 4]) }, 2],
    [
      'prompts that travel, in windows',
      {
        ...windowed,
        prompt: { 0: '(blue:1.2)', '50%': 'a red circle' },
        negativePrompt: [{ frame: 0, prompt: 'grey' }],
        travel: { interpolation: 'spherical', loop: true, append: 'on black' },
        promptSyntax: 'weighted',
      },
      2,
    ],
    [
      'every other option',
      {
        negativePrompt: 'blue',
        clipSkip: 1,
        fps: 12,
        guidanceScale: 5,
        guidanceRescale: 0.7,
        guidanceSchedule: [{ at: 0, factor: 1 }],
        motionEffect: { down: [1, 0.5, 1], mid: 0.5 },
        motionScale: [1, 1.2, 1],
        motionEnd: 0.9,
        noise: { kind: 'shuffled', length: 2 },
      },
      2,
    ],
  ])('%s', async (_, options, count) => {
    const { animation, checkpoints } = await saved(options);
    expect(checkpoints).toHaveLength(count);
    const scheduler = options.scheduler;
    for (const { state } of checkpoints) {
      const again = await finished(throughBytes(state), { scheduler });
      expect(again.latents).toEqual(animation.latents);
      expect(again.frames).toEqual(animation.frames);
      expect([again.seed, again.fps]).toEqual([animation.seed, animation.fps]);
    }
  });

  test.each([undefined, eulerAncestral])('in a second pipeline', async (scheduler) => {
    const { animation, checkpoints } = await saved({ scheduler, freeInit: { iterations: 2 } });
    for (const { state } of checkpoints) {
      const again = await finished(throughBytes(state), { scheduler }, second);
      expect(again.frames).toEqual(animation.frames);
    }
  });

  test('of a seed that was drawn', async () => {
    const { animation, checkpoints } = await saved({ seed: undefined, scheduler: eulerAncestral });
    const again = await finished(checkpoints[0]!.state, { scheduler: eulerAncestral });
    expect(again.seed).toBe(animation.seed);
    expect(again.frames).toEqual(animation.frames);
  });

  test('of a generation that was resumed itself, and any number of times', async () => {
    const { animation, checkpoints } = await saved({ numInferenceSteps: 3, scheduler: eulerAncestral });
    const options = { scheduler: eulerAncestral, checkpointEvery: 1 };
    const { state } = checkpoints[0]!;
    const events = await eventsOf(pipeline.resume(state, options));
    const [later] = ofType(events, 'checkpoint');
    expect(later!.step).toBe(1);
    expect(later!.state).toEqual(checkpoints[1]!.state);
    expect((await finished(later!.state, options)).frames).toEqual(animation.frames);
    expect((await finished(state, options)).frames).toEqual(animation.frames);
  });

  test('of one that was stopped at the checkpoint', async () => {
    const whole = await pipeline.generate(small);
    let state: GenerationState | undefined;
    for await (const event of pipeline.stream({ ...small, checkpointEvery: 1 })) {
      if (event.type !== 'checkpoint') continue;
      state = event.state;
      break;
    }
    expect((await finished(state!)).frames).toEqual(whole.frames);
  });
});

describe('a resumed generation', () => {
  test('begins where it was saved and takes only the steps that are left', async () => {
    const { checkpoints } = await saved({ numInferenceSteps: 3 });
    const { state, step } = checkpoints[1]!;
    expect(step).toBe(1);
    const events = await eventsOf(pipeline.resume(state));
    expect(events[0]).toMatchObject({
      type: 'generation-start',
      seed: small.seed,
      latents: { shape: [1, 4, 3, 4, 4] },
    });
    expect(ofType(events, 'generation-start')[0]!.latents).toEqual(state.latents);
    expect(ofType(events, 'step-end').map((event) => event.step)).toEqual([2]);
  });

  test('from after the last step only decodes', async () => {
    const { animation, checkpoints } = await saved();
    const events = await eventsOf(pipeline.resume(checkpoints.at(-1)!.state));
    expect(ofType(events, 'step-end')).toHaveLength(0);
    expect(animationOf(events).frames).toEqual(animation.frames);
  });

  test('leaves the state as it was', async () => {
    const { checkpoints } = await saved({ scheduler: eulerAncestral });
    const { state } = checkpoints[0]!;
    const before = encodeGenerationState(state);
    await finished(state, { scheduler: eulerAncestral });
    expect(encodeGenerationState(state)).toEqual(before);
  });

  test('can be stopped', async () => {
    const { checkpoints } = await saved();
    await expect(finished(checkpoints[0]!.state, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(pipeline.generate(small)).resolves.toBeDefined();
  });
});

describe('checkpoints', () => {
  const stepsOf = async (options: Partial<GenerateOptions>): Promise<number[]> =>
    (await saved({ guidanceScale: 1, numFrames: 1, ...options })).checkpoints.map(({ step }) => step);

  test('come only when asked for, every so many steps', async () => {
    expect(await stepsOf({ checkpointEvery: undefined })).toEqual([]);
    expect(await stepsOf({ numInferenceSteps: 5, checkpointEvery: 2 })).toEqual([1, 3]);
    expect(await stepsOf({ numInferenceSteps: 3, checkpointEvery: 4 })).toEqual([]);
  });

  test('change nothing', async () => {
    const { animation } = await saved();
    expect(animation.frames).toEqual((await pipeline.generate(small)).frames);
  });

  test.each([0, 1.5, -1])('are refused every %s steps', (checkpointEvery) =>
    expect(saved({ checkpointEvery })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('checkpointEvery'),
    }),
  );
});

describe('resuming refuses', () => {
  test('another scheduler than the one that was saved', async () => {
    const { checkpoints } = await saved();
    const { state } = checkpoints[0]!;
    for (const scheduler of [euler, eulerAncestral]) {
      await expect(finished(state, { scheduler })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringMatching(/'ddim'/),
      });
    }
    const other = await saved({ scheduler: eulerAncestral });
    await expect(finished(other.checkpoints[0]!.state)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining("'eulerAncestral'"),
    });
  });

  test('what is no state', async () => {
    for (const state of [null, undefined, {}, 'state', new Uint8Array(4)]) {
      await expect(finished(state as never)).rejects.toMatchObject({ code: 'weights-format' });
    }
  });

  test('a state of options that do not belong', async () => {
    const { state } = (await saved()).checkpoints[0]!;
    for (const changed of [{ prompt: 5 }, { width: 33 }, { stpes: 1 }]) {
      const hostile = { ...state, options: { ...state.options, ...changed } };
      await expect(finished(hostile)).rejects.toMatchObject({ code: 'invalid-options' });
    }
  });
});

import {
  AnimateDiffPipeline,
  type ConfiguredScheduler,
  ddim,
  deis,
  dpmSolverMultistep,
  euler,
  eulerAncestral,
  type GenerationStartEvent,
  heun,
  lcm,
  type NoiseOptions,
  schedulerFromName,
} from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, loadTiny, tinyGeneration } from '../support/tiny-model.js';

const small = { ...tinyGeneration, width: 32, height: 32 };

let pipeline: AnimateDiffPipeline;
let image: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
  image = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(fixture('tiny-sd15/model')),
  });
});
afterAll(async () => {
  await pipeline.dispose();
  await image.dispose();
});

type Options = Parameters<AnimateDiffPipeline['generate']>[0];

/** What a generation says of its sampler at its start, without running it. */
async function startOf(on: AnimateDiffPipeline, options: Partial<Options>): Promise<GenerationStartEvent> {
  const { numInferenceSteps: _, ...rest } = small;
  for await (const event of on.stream({ ...rest, numFrames: 1, ...options })) {
    if (event.type === 'generation-start') return event;
  }
  throw new Error('no generation-start');
}

const codes = ({ warnings }: { warnings: readonly { code: string }[] }): string[] =>
  warnings.map(({ code }) => code).filter((code) => code.startsWith('scheduler-'));

describe('a factory as scheduler', () => {
  test("gets the motion module's noise", async () => {
    const seen: NoiseOptions[] = [];
    const scheduler = (noise: NoiseOptions) => {
      seen.push(noise);
      return euler({ ...noise, useKarrasSigmas: true });
    };
    await using own = await loadTiny({ scheduler });
    expect(own.info.scheduler).toBe('euler');
    expect(codes(own.info)).toEqual([]);
    expect(seen).toEqual([
      expect.objectContaining({ betaSchedule: 'linear', betaStart: 0.00085, betaEnd: 0.012 }),
    ]);
  });

  test("gets an image model's own, from its folder", async () => {
    const { latents } = await startOf(image, { scheduler: euler, numInferenceSteps: 2 });
    const { latents: plain } = await startOf(image, { numInferenceSteps: 2 });
    const scale = latents.data[0]! / plain.data[0]!;
    expect(scale).toBeCloseTo(14.615, 2);
    const animated = await startOf(pipeline, { scheduler: euler, numInferenceSteps: 2 });
    expect(animated.latents.data[0]! / plain.data[0]!).toBeCloseTo(25.146, 2);
  });

  test('is refused when it makes no scheduler', async () => {
    const message = expect.stringMatching(/^scheduler: the factory made no scheduler .*pass ddim itself/);
    const refused = { code: 'invalid-options', message };
    for (const wrong of [() => undefined, () => ({ name: 'x' }), () => schedulerFromName('euler')]) {
      await expect(loadTiny({ scheduler: wrong as never })).rejects.toMatchObject(refused);
      await expect(pipeline.generate({ ...small, scheduler: wrong as never })).rejects.toMatchObject(refused);
    }
  });

  test('tells what it does not like about the noise', async () => {
    const wrong = (noise: NoiseOptions) => ddim({ ...noise, eta: 7 });
    await expect(pipeline.generate({ ...small, scheduler: wrong })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(/ddim: eta/),
    });
  });
});

describe('a scheduler object', () => {
  test("with other noise than the module's is taken with a warning", async () => {
    const scheduler = euler({ betaSchedule: 'scaled_linear' });
    await using own = await loadTiny({ scheduler });
    expect(codes(own.info)).toEqual(['scheduler-contradicts-module']);
    const { warnings } = await pipeline.generate({ ...small, scheduler });
    expect(warnings).toContainEqual({
      code: 'scheduler-contradicts-module',
      message: expect.stringMatching(/betaSchedule scaled_linear instead of linear.*v2/),
    });
  });

  test("with the module's noise is taken without", async () => {
    expect(codes(await pipeline.generate({ ...small, scheduler: euler() }))).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['a name', 'euler'],
    ['what a name gives, with its warnings', schedulerFromName('euler') satisfies ConfiguredScheduler],
    ['null', null],
  ])('that is none is refused: %s', async (_, scheduler) => {
    for (const attempt of [
      () => pipeline.generate({ ...small, scheduler: scheduler as never }),
      () => loadTiny({ scheduler: scheduler as never }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringMatching(/scheduler: expected a scheduler such as ddim\(\), or a factory/),
      });
    }
  });
});

describe("a generation's own scheduler", () => {
  test('is for that generation only', async () => {
    const before = await pipeline.generate(small);
    const own = await pipeline.generate({ ...small, scheduler: dpmSolverMultistep });
    const after = await pipeline.generate(small);
    expect(own.latents).not.toEqual(before.latents);
    expect(after.latents).toEqual(before.latents);
    expect(await startOf(pipeline, { scheduler: dpmSolverMultistep })).toMatchObject({
      scheduler: 'dpmSolverMultistep',
    });
    expect(pipeline.info.scheduler).toBe('ddim');
  });

  test('given as the one the model has anyway changes nothing', async () => {
    const usual = await pipeline.generate(small);
    for (const scheduler of [ddim, ddim()]) {
      expect((await pipeline.generate({ ...small, scheduler })).latents).toEqual(usual.latents);
    }
  });

  test('draws its noise from the seed', async () => {
    const options = { ...small, scheduler: eulerAncestral, numInferenceSteps: 3 };
    const first = await pipeline.generate(options);
    const second = await pipeline.generate(options);
    expect(second.latents).toEqual(first.latents);
    expect(first.latents.data.every(Number.isFinite)).toBe(true);
  });

  test('may evaluate the model more often than there are steps', async () => {
    const steps: number[] = [];
    for await (const event of pipeline.stream({ ...small, scheduler: heun, numInferenceSteps: 2 })) {
      if (event.type === 'step-end') steps.push(event.timestep);
    }
    expect(steps).toEqual([999, 0, 0]);
  });

  test.each([deis, lcm, schedulerFromName('DPM++ 2M SDE Karras').scheduler])(
    'may be any of the library or found by a name: %#',
    async (scheduler) => {
      const { latents } = await pipeline.generate({ ...small, scheduler });
      expect(latents.data.every(Number.isFinite)).toBe(true);
    },
  );
});

describe('timesteps or levels of its own', () => {
  test('decide how many steps there are', async () => {
    const timesteps = [900, 500, 100];
    expect((await startOf(pipeline, { scheduler: ddim({ timesteps }) })).timesteps).toEqual(timesteps);
    const sigmas = [14, 3, 0];
    expect((await startOf(pipeline, { scheduler: euler({ sigmas }) })).timesteps).toHaveLength(2);
    await using own = await loadTiny({ scheduler: ddim({ timesteps }) });
    expect((await startOf(own, {})).timesteps).toEqual(timesteps);
    // Another scheduler goes back to the preset's steps.
    expect((await startOf(own, { scheduler: euler })).timesteps).toHaveLength(25);
  });

  test('are refused with another number of steps', async () => {
    const scheduler = ddim({ timesteps: [900, 500, 100] });
    await expect(pipeline.generate({ ...small, scheduler, numInferenceSteps: 4 })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(/timesteps makes 3 steps, but 4 were asked for; set numInferenceSteps/),
    });
  });
});

test("an image model without a motion module is sampled by its folder's scheduler", async () => {
  expect(image.info.scheduler).toBe('pndm');
  expect(codes(image.info)).toEqual([]);
  const start = await startOf(image, { numInferenceSteps: 3 });
  expect(start.timesteps).toEqual([667, 334, 334, 1]);
  const { latents } = await image.generate({ ...small, numFrames: 1, numInferenceSteps: 3 });
  expect(latents.data.every(Number.isFinite)).toBe(true);
});

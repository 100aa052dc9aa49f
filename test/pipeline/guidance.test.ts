import {
  type AnimateDiffPipeline,
  type Float32Tensor,
  float32Tensor,
  type GenerateOptions,
  torchRandom,
  type Unet,
} from 'animatediff-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Conditioning, conditioningOf, guidedPrediction } from '../../src/pipeline/guidance.js';
import { loadTiny } from '../support/tiny-model.js';
import { eventsOf, ofType, recordingBackend, small } from './stream-events.js';

const { backend, feeds } = recordingBackend();
let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny({ backend });
});
beforeEach(() => {
  feeds.length = 0;
});
afterAll(() => pipeline.dispose());

const latentsOf = async (options: Partial<GenerateOptions> = {}) =>
  (await pipeline.generate({ ...small, ...options })).latents;

/** Clips per call of the UNet: 2 with guidance, 1 without. */
const batches = (): number[] => feeds.map(({ sample }) => sample!.shape[0]!);

describe('guidanceSchedule', () => {
  test('of factor 1 is none, bit for bit', async () => {
    const guidanceSchedule = [
      { at: 0, factor: 1 },
      { at: 1, factor: 1 },
    ];
    expect(await latentsOf({ guidanceSchedule })).toEqual(await latentsOf());
  });

  test('of another factor is a multiple of the scale', async () => {
    const halved = await latentsOf({ guidanceScale: 8, guidanceSchedule: [{ at: 0, factor: 0.5 }] });
    expect(halved).toEqual(await latentsOf({ guidanceScale: 4 }));
  });

  test('follows the steps', async () => {
    const guidanceSchedule = [
      { at: 0, factor: 1 },
      { at: 0.5, factor: 0.5 },
    ];
    const steps = async (options: Partial<GenerateOptions>) =>
      ofType(await eventsOf(pipeline.stream({ ...small, ...options })), 'step-end');
    const [full, falling] = [
      await steps({ guidanceScale: 8 }),
      await steps({ guidanceScale: 8, guidanceSchedule }),
    ];
    expect(falling[0]!.latents).toEqual(full[0]!.latents);
    expect(falling[1]!.latents).not.toEqual(full[1]!.latents);
  });

  test('down to 0 leaves guidance out late, and saves its half of the work', async () => {
    const guidanceSchedule = [
      { at: 0, factor: 1 },
      { at: 0.5, factor: 0 },
    ];
    await latentsOf({ numInferenceSteps: 4, guidanceSchedule });
    expect(batches()).toEqual([2, 2, 1, 1]);
  });

  test('of 0 throughout is no guidance', async () => {
    const without = await latentsOf({ guidanceSchedule: [{ at: 0, factor: 0 }] });
    expect(without.data).toBeRelativelyCloseTo((await latentsOf({ guidanceScale: 1 })).data, 1e-5);
  });

  test.each([
    [[]],
    [
      [
        { at: 0.5, factor: 1 },
        { at: 0.5, factor: 0 },
      ],
    ],
    [[{ at: 2, factor: 1 }]],
    [[{ at: 0, scale: 1 }]],
  ])('refuses %j', async (guidanceSchedule) => {
    await expect(
      pipeline.generate({ ...small, guidanceSchedule: guidanceSchedule as never }),
    ).rejects.toMatchObject({ code: 'invalid-options', message: expect.stringMatching(/guidanceSchedule/) });
  });
});

describe('guidanceRescale', () => {
  test('of 0 is none, bit for bit', async () => {
    expect(await latentsOf({ guidanceRescale: 0 })).toEqual(await latentsOf());
  });

  test('changes the result, and has no effect without guidance', async () => {
    expect(await latentsOf({ guidanceRescale: 0.7 })).not.toEqual(await latentsOf());
    const plain = await latentsOf({ guidanceScale: 1 });
    expect(await latentsOf({ guidanceScale: 1, guidanceRescale: 0.7 })).toEqual(plain);
  });

  test('is a share', () =>
    expect(pipeline.generate({ ...small, guidanceRescale: 1.1 })).rejects.toMatchObject({
      message: expect.stringContaining('guidanceRescale'),
    }));
});

describe('a guided prediction', () => {
  const shape = [1, 4, 2, 3, 3];
  const sample = float32Tensor(torchRandom(1).normal(72), shape);
  const [cond, uncond] = [torchRandom(2).normal(72), torchRandom(3).normal(72)];
  const row = (value: number): Float32Tensor => float32Tensor(Float32Array.of(value), [1, 1, 1]);
  const conditioning: Conditioning = { positive: row(1), negative: row(0) };

  /** Answers each clip by its context: 1 is asked for, 0 is not. */
  function fakeUnet(): { readonly unet: Pick<Unet, 'predict'>; readonly contexts: number[][] } {
    const contexts: number[][] = [];
    const unet: Pick<Unet, 'predict'> = {
      predict({ sample: { shape: asked }, context }) {
        const { data } = context as Float32Tensor;
        contexts.push([...data]);
        const clips = asked[0]!;
        const each = data.length / clips;
        const answers = Array.from({ length: clips }, (_, clip) => [
          ...(data[clip * each] === 1 ? cond : uncond),
        ]);
        return Promise.resolve(float32Tensor(Float32Array.from(answers.flat()), asked));
      },
    };
    return { unet, contexts };
  }

  const predicted = (
    options: { scale: number; rescale?: number; batching?: 'auto' | 'batched' | 'sequential' },
    given: Conditioning = conditioning,
    unet: Pick<Unet, 'predict'> = fakeUnet().unet,
  ): Promise<Float32Array> =>
    guidedPrediction(
      unet,
      { sample, timestep: 500 },
      given,
      { rescale: 0, batching: 'auto', ...options },
      {},
    );

  const deviation = (values: Float32Array): number => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };

  const guided = cond.map((value, i) => uncond[i]! + 5 * (value - uncond[i]!));

  test('is the unguided one plus the scaled difference, in one run or two', async () => {
    expect(await predicted({ scale: 5, batching: 'batched' })).toBeRelativelyCloseTo(guided, 1e-6);
    expect(await predicted({ scale: 5, batching: 'sequential' })).toEqual(await predicted({ scale: 5 }));
  });

  test('of a scale of 1 or less, or with nothing to guide away from, asks once', async () => {
    for (const scale of [1, 0.5, 0]) {
      const { unet, contexts } = fakeUnet();
      expect(await predicted({ scale }, conditioning, unet)).toEqual(cond);
      expect(contexts).toEqual([[1]]);
    }
    expect(await predicted({ scale: 5 }, { positive: row(1), negative: undefined })).toEqual(cond);
  });

  test('rescaled in full has the deviation of the conditional half', async () => {
    const rescaled = await predicted({ scale: 5, rescale: 1 });
    expect(deviation(guided)).toBeGreaterThan(2 * deviation(cond));
    expect(deviation(rescaled)).toBeCloseTo(deviation(cond), 6);
    const factor = deviation(cond) / deviation(guided);
    expect(rescaled).toBeRelativelyCloseTo(
      guided.map((value) => value * factor),
      1e-6,
    );
  });

  test('rescaled in part lies between', async () => {
    const full = await predicted({ scale: 5, rescale: 1 });
    const part = await predicted({ scale: 5, rescale: 0.7 });
    expect(part).toBeRelativelyCloseTo(
      guided.map((value, i) => 0.7 * full[i]! + 0.3 * value),
      1e-6,
    );
  });

  test('of one value throughout stays finite when rescaled', async () => {
    const flat: Pick<Unet, 'predict'> = {
      predict: ({ sample: asked }) =>
        Promise.resolve(float32Tensor(new Float32Array(asked.data.length).fill(0.5), asked.shape)),
    };
    const rescaled = await predicted({ scale: 5, rescale: 1 }, conditioning, flat);
    expect(rescaled.every(Number.isFinite)).toBe(true);
  });

  test('takes an embedding a frame on one side and one for all on the other', async () => {
    const { unet, contexts } = fakeUnet();
    const frames = float32Tensor(Float32Array.of(1, 1), [2, 1, 1]);
    const given = { positive: frames, negative: row(0) };
    expect(await predicted({ scale: 5, batching: 'batched' }, given, unet)).toBeRelativelyCloseTo(
      guided,
      1e-6,
    );
    expect(contexts).toEqual([[0, 0, 1, 1]]);
  });

  test('of some frames is asked for with their embeddings', () => {
    const positive = float32Tensor(Float32Array.of(0, 1, 2, 3), [4, 1, 1]);
    const picked = conditioningOf({ positive, negative: row(9) }, [3, 0]);
    expect([...picked.positive.data]).toEqual([3, 0]);
    expect(picked.negative).toEqual(row(9));
  });
});

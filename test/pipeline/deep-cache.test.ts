import { join, resolve } from 'node:path';
import {
  AnimateDiffPipeline,
  type Animation,
  type Backend,
  type DeepCacheOptions,
  type DeepFeatures,
  decodeGenerationState,
  encodeGenerationState,
  eulerAncestral,
  float32Tensor,
  type GenerateOptions,
  heun,
  lora,
  type Session,
  type Tensor,
  torchRandom,
  type UnetInput,
} from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { adapterFile } from './adapter-outputs.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

/** A run of the UNet: W for the whole of it, s for its shallow layers. */
interface Run {
  readonly kind: 'W' | 's';
  readonly fed: Readonly<Record<string, Tensor>>;
  readonly gave: Readonly<Record<string, Tensor>>;
}

const cpu = ortNode();
const runs: Run[] = [];
const loads: string[] = [];
/** Set to change what a run gives. */
let spoil: ((kind: Run['kind'], outputs: Record<string, Tensor>) => void) | undefined;

const copies = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  ) as Record<string, Tensor>;

const backend: Backend = {
  ...cpu,
  // Nothing is held, so that all features are seen.
  capabilities: async () => ({ ...(await cpu.capabilities()), deviceTensors: false }),
  async createSession(artifact, options): Promise<Session> {
    const session = await cpu.createSession(artifact, options);
    loads.push(artifact.label);
    if (!artifact.label.startsWith('unet')) return session;
    const kind = artifact.label === 'unet' ? 'W' : 's';
    return {
      async run(feeds, given) {
        const fed = copies(feeds as Readonly<Record<string, Tensor>>);
        const outputs = await session.run(feeds, given);
        spoil?.(kind, outputs);
        runs.push({ kind, fed, gave: copies(outputs) });
        return outputs;
      },
      dispose: () => session.dispose(),
    };
  },
};

// Two pipelines, so that the UNet is not loaded again for every comparison.
let pipeline: AnimateDiffPipeline;
let plainPipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny({ backend });
  plainPipeline = await loadTiny();
});
beforeEach(() => {
  runs.length = 0;
  loads.length = 0;
  spoil = undefined;
});
afterAll(async () => {
  await pipeline.dispose();
  await plainPipeline.dispose();
  await cpu.dispose();
});

/** Milliseconds that a busy machine may take to load networks several times. */
const slow = 180_000;

type Options = Partial<GenerateOptions>;

async function input({ components }: AnimateDiffPipeline): Promise<UnetInput> {
  const sample = float32Tensor(torchRandom(1).normal(4 * 3 * 16), [1, 4, 3, 4, 4]);
  return { sample, context: await components.textEncoder.encode(['a red circle']), timestep: 500 };
}

const kinds = (): string => runs.map(({ kind }) => kind).join('');

const latentsOf = async (options: Options, by: AnimateDiffPipeline = pipeline): Promise<Float32Array> =>
  (await by.generate({ ...small, ...options })).latents.data;

/** Peak signal-to-noise ratio of all colours of all frames. */
function decibels(actual: Animation, expected: Animation): number {
  const colours = ({ frames }: Animation): number[] =>
    frames.flatMap(({ data }) => [...data].filter((_, at) => at % 4 !== 3));
  const [a, b] = [colours(actual), colours(expected)];
  const error = a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length;
  return 10 * Math.log10(255 ** 2 / error);
}

const still = { numFrames: 1, width: 16, height: 16 };
const windows = { numFrames: 4, context: { length: 2, schedule: 'batched' } } as const;

describe('which evaluations are whole', () => {
  test.each<[string, DeepCacheOptions | boolean, Options, string]>([
    ['every other one, unless told otherwise', true, { numInferenceSteps: 5 }, 'WsWsW'],
    ['one in an interval', { interval: 3 }, { numInferenceSteps: 7 }, 'WssWssW'],
    ['all before the start', { interval: 3, start: 0.5 }, { numInferenceSteps: 6 }, 'WWWWss'],
    ['all from the end', { interval: 3, end: 0.5 }, { numInferenceSteps: 6 }, 'WssWWW'],
    ['evaluations count, not steps', { interval: 2 }, { numInferenceSteps: 3, scheduler: heun }, 'WsWsW'],
    ['each iteration of FreeInit begins anew', { interval: 3 }, { freeInit: { iterations: 2 } }, 'WsWs'],
  ])('%s', async (_, deepCache, options, expected) => {
    await pipeline.generate({ ...small, ...still, ...options, deepCache });
    expect(kinds()).toBe(expected);
  });

  test('each window, and each half of guidance, has features of its own', async () => {
    await pipeline.generate({ ...small, ...windows, guidanceBatching: 'sequential', deepCache: true });
    expect(kinds()).toBe('WWWWssss');
    const [before, after] = [runs.slice(0, 4), runs.slice(4)];
    expect(after.map(({ fed }) => fed['deep_features'])).toEqual(
      before.map(({ gave }) => gave['deep_features']),
    );
  });

  test('a window that was not seen before', async () => {
    // In the third step windows lie across those of the two before.
    const context = { loop: true, length: 2, overlap: 0 };
    const options = { numFrames: 4, numInferenceSteps: 3, context, deepCache: { interval: 3 } };
    await pipeline.generate({ ...small, ...options });
    expect(kinds()).toBe('WWssWW');
  });

  test('one without guidance after some with it', async () => {
    const options = { numInferenceSteps: 4, guidanceInterval: [0, 0.5], deepCache: { interval: 4 } } as const;
    await pipeline.generate({ ...small, ...still, ...options });
    expect(kinds()).toBe('WsWs');
  });
});

describe('what comes out', () => {
  test('at an interval of 1 is the plain run, bit for bit', async () => {
    const plain = await latentsOf({}, plainPipeline);
    expect(await latentsOf({ deepCache: { interval: 1 } }, plainPipeline)).toEqual(plain);
  });

  test('differs a little from the plain run', async () => {
    const options = { numInferenceSteps: 4 };
    const plain = await latentsOf(options, plainPipeline);
    const cached = await latentsOf({ ...options, deepCache: true });
    expect(cached).not.toEqual(plain);
    expect(cached).toBeRelativelyCloseTo(plain, 1);
  });

  test('is the same with both halves of guidance in one run or in two', async () => {
    const both = await latentsOf({ deepCache: true });
    expect(await latentsOf({ deepCache: true, guidanceBatching: 'sequential' })).toBeRelativelyCloseTo(
      both,
      1e-5,
    );
  });

  test('is in windows side by side what each gives alone', async () => {
    const latents = await latentsOf({
      ...windows,
      noise: { kind: 'repeated', length: 2 },
      deepCache: true,
    });
    const halves = [0, 2].map((from) =>
      [0, 1, 2, 3].flatMap((channel) => [
        ...latents.subarray((channel * 4 + from) * 16, (channel * 4 + from + 2) * 16),
      ]),
    );
    expect(halves[1]).toEqual(halves[0]);
  });

  test('is finite with all that changes the UNet', async () => {
    const options: Options = { numFrames: 4, viewWindows: { length: 2, stride: 1 }, freeU: { version: 2 } };
    const latents = await latentsOf({ ...options, motionScale: [1, 1.2, 1, 1], deepCache: { branch: 2 } });
    expect(latents.every(Number.isFinite)).toBe(true);
    expect(kinds()).toBe('Ws');
  });
});

test(
  'on a trained model looks as the plain run: 28 dB',
  async () => {
    const embedded = resolve(import.meta.dirname, '../../models/embedded');
    await using trained = await AnimateDiffPipeline.load({
      backend: cpu,
      checkpoint: fileSource(join(embedded, 'model')),
      motionModule: fileSource(join(embedded, 'motion/motion-module.safetensors')),
    });
    const prompt = 'a red circle on a black background, moving right';
    const options = { prompt, seed: 6, guidanceScale: 7.5, numInferenceSteps: 25 };
    const plain = await trained.generate(options);
    const cached = await trained.generate({ ...options, deepCache: true });
    expect(decibels(cached, plain)).toBeGreaterThan(28);
  },
  slow,
);

describe('a saved generation', () => {
  test.each<[string, Options, number[]]>([
    ['ddim', { numInferenceSteps: 4, deepCache: { interval: 3 } }, [2, 3]],
    [
      'eulerAncestral, with a start',
      { numInferenceSteps: 4, scheduler: eulerAncestral, deepCache: { interval: 2, start: 0.25 } },
      [0, 2, 3],
    ],
    ['a sampler of two evaluations', { scheduler: heun, deepCache: { interval: 2 } }, [1, 2]],
    ['windows and FreeInit', { ...windows, freeInit: { iterations: 2 }, deepCache: true }, [1, 1]],
    ['every second step', { numInferenceSteps: 6, checkpointEvery: 2, deepCache: { interval: 3 } }, [2, 5]],
  ])('waits for a whole evaluation and goes on bit for bit: %s', async (_, options, expected) => {
    const events = await eventsOf(pipeline.stream({ ...small, checkpointEvery: 1, ...options }));
    const checkpoints = ofType(events, 'checkpoint');
    expect(checkpoints.map(({ step }) => step)).toEqual(expected);
    for (const { state } of checkpoints) {
      const read = decodeGenerationState(encodeGenerationState(state));
      const again = await eventsOf(pipeline.resume(read, { scheduler: options.scheduler }));
      expect(animationOf(again).frames).toEqual(animationOf(events).frames);
    }
  });
});

describe('networks', () => {
  test(
    'are loaded once, and exchanged when it is switched off or takes another branch',
    async () => {
      await using counted = await loadTiny({ backend });
      const generate = (deepCache?: GenerateOptions['deepCache']): Promise<unknown> =>
        counted.generate({ ...small, ...still, deepCache });
      await generate();
      const loadedBy = async (deepCache?: GenerateOptions['deepCache']): Promise<string[]> => {
        loads.length = 0;
        await generate(deepCache);
        return loads.slice();
      };
      expect(await loadedBy(true)).toEqual(['unet', 'unet_shallow']);
      expect(await loadedBy({ interval: 3 })).toEqual([]);
      expect(await loadedBy({ branch: 1 })).toEqual(['unet', 'unet_shallow']);
      expect(await loadedBy(false)).toEqual(['unet']);
    },
    slow,
  );

  test(
    'are both there during the steps, whatever stays otherwise',
    async () => {
      await using counted = await loadTiny({ backend, residency: 'one' });
      const options = { ...small, ...still, numInferenceSteps: 4, deepCache: true };
      await counted.generate(options);
      expect(loads).toEqual(['text_encoder', 'unet', 'unet_shallow', 'vae_decoder']);
    },
    slow,
  );

  test.each(['live', 'fused'] as const)(
    'have the weights of a %s adapter',
    async (mode) => {
      const style = lora(adapterFile('kohya'), { name: 'style', mode, scale: 0.7 });
      await using adapted = await loadTiny({ backend, adapters: [style] });
      const deepFeatures: DeepFeatures = { branch: 1 };
      const ask = async (): Promise<Float32Array> =>
        (await adapted.components.unet.predict({ ...(await input(adapted)), deepFeatures })).data;
      const whole = await ask();
      expect(await ask()).toBeRelativelyCloseTo(whole, 1e-5);
      const live = runs.map(({ fed }) => Object.keys(fed).filter((name) => name.includes(':')));
      expect(kinds()).toBe('Ws');
      expect(live[1]!.length > 0).toBe(mode === 'live');
      expect(live[0]).toEqual(expect.arrayContaining(live[1]!));
      if (mode === 'fused') return;
      await adapted.adapters.setScale('style', 0);
      expect(await ask()).not.toBeRelativelyCloseTo(whole, 1e-3);
      delete deepFeatures.kept;
      const without = await ask();
      expect(await ask()).toBeRelativelyCloseTo(without, 1e-5);
    },
    slow,
  );

  test(
    'take a step again as a whole in float32 when the shallow layers overflow',
    async () => {
      await using narrow = await loadTiny({ backend, precision: 'float16' });
      let overflows = 1;
      spoil = (kind, { noise }) => {
        if (kind === 's' && overflows-- > 0) (noise!.data as Float32Array)[0] = Number.NaN;
      };
      const options = { ...small, ...still, numInferenceSteps: 4, deepCache: { interval: 4 } };
      const { warnings } = await narrow.generate(options);
      expect(warnings.map(({ code }) => code)).toContain('float32-retry');
      expect(kinds()).toBe('WsWss');
    },
    slow,
  );
});

describe('a component', () => {
  test('keeps features where there are none, and takes those that there are', async () => {
    const deepFeatures: DeepFeatures = { branch: 0 };
    const given = await input(pipeline);
    const ask = (features = deepFeatures): Promise<{ readonly data: Float32Array }> =>
      pipeline.components.unet.predict({ ...given, deepFeatures: features });
    const whole = await ask();
    expect(deepFeatures.kept?.shape).toEqual([3, 32, 4, 4]);
    expect((await ask()).data).toBeRelativelyCloseTo(whole.data, 1e-6);
    expect(kinds()).toBe('Ws');
    const wrong = { ...deepFeatures.kept!, shape: [3, 32, 16, 1] };
    await expect(ask({ branch: 0, kept: wrong })).rejects.toMatchObject({
      code: 'invalid-options',
      message: 'deepFeatures.kept: expected [3, 32, 4, 4], got [3, 32, 16, 1]',
    });
    await expect(ask({ branch: 7 })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(/^deepFeatures\.branch: .* from 0 to 2/),
    });
  });
});

describe('guidance in an interval', () => {
  /** How many clips each run of the UNet was given: 2 with guidance. */
  const clips = (): number[] => runs.map(({ fed }) => fed['sample']!.shape[0]!);

  test('runs the UNet once outside', async () => {
    const options = { numInferenceSteps: 5, guidanceInterval: [0.2, 0.8] } as const;
    await pipeline.generate({ ...small, ...still, ...options });
    expect(clips()).toEqual([1, 2, 2, 2, 1]);
  });

  test('of all steps is the plain run', async () => {
    const plain = await latentsOf({}, plainPipeline);
    expect(await latentsOf({ guidanceInterval: [0, 1] }, plainPipeline)).toEqual(plain);
  });

  test('is what a schedule of no guidance outside gives', async () => {
    const options = { ...still, numInferenceSteps: 2 };
    const half = await latentsOf({ ...options, guidanceInterval: [0.5, 1] }, plainPipeline);
    const guidanceSchedule = [
      { at: 0.4, factor: 0 },
      { at: 0.5, factor: 1 },
    ];
    expect(half).toEqual(await latentsOf({ ...options, guidanceSchedule }, plainPipeline));
  });
});

describe('refused are', () => {
  test.each<[Options, RegExp]>([
    [{ deepCache: { interval: 0 } }, /deepCache\.interval: .*>=1/],
    [{ deepCache: { interval: 1.5 } }, /deepCache\.interval: /],
    [{ deepCache: { branch: -1 } }, /deepCache\.branch: .*>=0/],
    [{ deepCache: { branch: 3 } }, /deepCache\.branch: expected a whole number from 0 to 2, .* got 3/],
    [{ deepCache: { start: -0.1 } }, /deepCache\.start: /],
    [{ deepCache: { start: 0.5, end: 0.5 } }, /deepCache\.end: expected an end above the start/],
    [{ deepCache: { end: 1.1 } }, /deepCache\.end: .*<=1/],
    [{ deepCache: { depth: 1 } as DeepCacheOptions }, /deepCache: .*"depth"/],
    [{ deepCache: 3 as unknown as boolean }, /deepCache: /],
    [{ guidanceInterval: [0.8, 0.2] }, /guidanceInterval: expected a start below the end/],
    [{ guidanceInterval: [0, 1.5] }, /guidanceInterval\.1: .*<=1/],
    [{ guidanceInterval: [0] as unknown as [number, number] }, /guidanceInterval/],
  ])('%j', async (options, message) => {
    await expect(pipeline.generate({ ...small, ...options })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});

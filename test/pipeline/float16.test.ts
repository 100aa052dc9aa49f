import {
  AnimateDiffPipeline,
  bytesSource,
  ddim,
  decodeGenerationState,
  encodeGenerationState,
  type FolderSource,
  float32Tensor,
  lora,
  type ModelArtifact,
  motionLora,
  openWeights,
  torchRandom,
  type UnetInput,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';
import { float16ToFloat32, float32ToFloat16 } from '../../src/core/half.js';
import { type NamedTensor, writeSafetensors } from '../../src/weights/safetensors-writer.js';
import { fixture, loadTiny, tinyGeneration, tinyModel } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile } from './adapter-outputs.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

const bytesOf = ({ weights }: ModelArtifact): number =>
  weights.reduce((sum, { byteLength }) => sum + byteLength, 0);

const typeOf = ({ weights }: ModelArtifact): string => /\|(float\d\d)\|/.exec(weights[0]!.identity!)![1]!;

/** Milliseconds that the CPU may take to load a network in float16, which it has to rewrite in float32. */
const slow = 120_000;

const { backend, given } = watchedBackend();
let wide: AnimateDiffPipeline;
let narrow: AnimateDiffPipeline;
beforeAll(async () => {
  wide = await loadTiny({ backend });
  narrow = await loadTiny({ backend, precision: 'float16' });
}, slow);
afterAll(async () => {
  await wide.dispose();
  await narrow.dispose();
  await backend.dispose();
});

/** Large enough that the tiny model's deepest norms see more than a pixel: those of one alone enlarge any rounding. */
function input(): Pick<UnetInput, 'sample' | 'context' | 'timestep'> {
  const [sample, context] = [torchRandom(1).normal(4 * 2 * 256), torchRandom(2).normal(77 * 64)];
  return {
    sample: float32Tensor(sample, [1, 4, 2, 16, 16]),
    context: float32Tensor(context, [1, 77, 64]),
    timestep: 500,
  };
}

async function outputsOf({
  components,
}: AnimateDiffPipeline): Promise<Record<'text' | 'noise', Float32Array>> {
  const text = await components.textEncoder.encode(['a red circle']);
  return { text: text.data, noise: (await components.unet.predict(input())).data };
}

describe('an animation in float16', () => {
  test('looks as in float32', async () => {
    const [a, b] = [await wide.generate(tinyGeneration), await narrow.generate(tinyGeneration)];
    let [sum, count] = [0, 0];
    for (const [frame, { data }] of a.frames.entries()) {
      data.forEach((value, at) => {
        sum += Math.abs(value - b.frames[frame]!.data[at]!);
      });
      count += data.length;
    }
    console.log(`mean absolute difference of a pixel: ${(sum / count).toFixed(4)} of 255`);
    expect(sum / count).toBeLessThan(0.5);
    expect(sum).toBeGreaterThan(0);
  });

  test('takes half the memory for text encoder and UNet, while the VAE stays as it is', async () => {
    expect(given.map((artifact) => [artifact.label, typeOf(artifact)])).toEqual([
      ['text_encoder', 'float32'],
      ['unet', 'float32'],
      ['vae_decoder', 'float32'],
      ['text_encoder', 'float16'],
      ['unet', 'float16'],
      ['vae_decoder', 'float32'],
    ]);
    expect(narrow.info).toMatchObject({ precision: 'float16', vaePrecision: 'float32' });
    const [before, after] = [await wide.plan(), await narrow.plan()];
    for (const [at, share] of [0.5, 0.5, 1].entries()) {
      const [from, to] = [before.networks[at]!.weightBytes, after.networks[at]!.weightBytes];
      // Gaps between tensors do not shrink with them.
      expect(to / from).toBeCloseTo(share, 2);
    }
    const planned = after.networks.slice(0, 2).map(({ weightBytes }) => weightBytes);
    expect(given.slice(3, 5).map(bytesOf)).toEqual(planned);
  });

  test('is planned without a pipeline too', async () => {
    expect(await AnimateDiffPipeline.plan({ ...tinyModel(), precision: 'float16', backend })).toEqual(
      await narrow.plan(),
    );
    expect(await narrow.plan({ precision: 'float32' })).toEqual(await wide.plan());
  });

  test('tells where the device is not made for it', () => {
    const codes = (pipeline: AnimateDiffPipeline) => pipeline.info.warnings.map(({ code }) => code);
    expect(codes(narrow)).toContain('float16-not-native');
    expect(codes(wide)).not.toContain('float16-not-native');
  });

  test('is chosen where the device is', async () => {
    const gpu = watchedBackend({ float16: true });
    await using pipeline = await loadTiny({ backend: gpu.backend, residency: 'one' });
    expect(pipeline.info).toMatchObject({ precision: 'float16', vaePrecision: 'float32', warnings: [] });
    expect(wide.info.precision).toBe('float32');
    await gpu.backend.dispose();
  });
});

test.each<[object, RegExp]>([
  [{ precision: 'fp16' }, /precision: expected 'float32' or 'float16' or 'auto'/],
  [{ vaePrecision: 'auto' }, /vaePrecision: expected 'float32' or 'float16'/],
])('%j is refused', (options, message) =>
  expect(loadTiny(options)).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringMatching(message),
  }),
);

describe('adapters in float16', { timeout: slow }, () => {
  const adapted = (mode: 'fused' | 'live', precision: 'float32' | 'float16') =>
    loadTiny({
      backend,
      precision,
      // Nothing is loaded before it is needed.
      residency: 'one',
      adapters: [
        lora(adapterFile('kohya'), { name: 'style', mode }),
        motionLora(adapterFile('motionA'), { name: 'pan', mode }),
      ],
    });

  test.each(['fused', 'live'] as const)('do the same as in float32: %s', async (mode) => {
    await using expected = await adapted(mode, 'float32');
    await using found = await adapted(mode, 'float16');
    const [a, b] = [await outputsOf(expected), await outputsOf(found)];
    expect(b.noise).toBeRelativelyCloseTo(a.noise, 1e-2);
    expect(b.text).toBeRelativelyCloseTo(a.text, 1e-2);
    const own = await outputsOf(narrow);
    expect(relativeError(b.noise, own.noise)).toBeGreaterThan(5e-2);
    if (mode === 'live') return;
    for (const { name } of found.adapters.list()) await found.adapters.remove(name);
    expect(await outputsOf(found)).toEqual(own);
  });
});

test('components compare the two, one call in each', { timeout: slow }, async () => {
  const { unet } = narrow.components;
  const narrowly = await unet.predict(input());
  const widely = await unet.predict({ ...input(), precision: 'float32' });
  expect(widely).toEqual(await wide.components.unet.predict(input()));
  expect(narrowly.data).toBeRelativelyCloseTo(widely.data, 1e-2);
});

describe('a UNet whose values leave the range of float16 on the way', { timeout: slow }, () => {
  const watched = watchedBackend();
  // Noise is added at each step, so that a stream of random numbers that moved would be seen.
  const run = { ...small, numInferenceSteps: 4, scheduler: ddim({ eta: 1 }) };
  let pipeline: AnimateDiffPipeline;
  beforeAll(async () => {
    const checkpoint = await overflowing();
    pipeline = await loadTiny({ backend: watched.backend, checkpoint, precision: 'float16' });
  }, slow);
  afterAll(async () => {
    await pipeline.dispose();
    await watched.backend.dispose();
  });

  test('goes on in float32 from the step that failed', async () => {
    watched.given.length = 0;
    const events = await eventsOf(pipeline.stream({ ...run, checkpointEvery: 1 }));
    const animation = animationOf(events);
    const own = ofType(events, 'warning').filter(({ warning }) => warning.code === 'float32-retry');
    const states = ofType(events, 'checkpoint').map(({ state }) => state);
    const failing = states.findIndex(({ precision }) => precision === 'float32');
    expect(failing).toBeGreaterThan(0);
    expect(own.map(({ warning }) => warning.message)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^in float16 the UNet predicted NaN at step ${failing} \\(timestep \\d+\\), in frames 0, 1, 2; `,
        ),
      ),
    ]);
    expect(animation.warnings).toContainEqual(own[0]!.warning);
    // Loaded once.
    expect(watched.given.map((artifact) => [artifact.label, typeOf(artifact)])).toEqual([
      ['unet', 'float32'],
    ]);
    expect(states.map(({ precision }) => precision)).toEqual([
      ...Array(failing).fill(undefined),
      ...Array(4 - failing).fill('float32'),
    ]);

    // The same frames as from float32 at that step, as if float16 had never been asked.
    const before = states[failing - 1]!;
    const scheduler = run.scheduler;
    const resumed = async (state: typeof before) =>
      animationOf(await eventsOf(pipeline.resume(state, { scheduler })));
    const direct = await resumed({ ...before, precision: 'float32' });
    expect(direct.latents).toEqual(animation.latents);
    expect(direct.frames).toEqual(animation.frames);
    expect(direct.warnings.map(({ code }) => code)).not.toContain('float32-retry');

    // And the same when the run stops and goes on, before or after it.
    expect((await resumed(before)).latents).toEqual(animation.latents);
    const after = decodeGenerationState(encodeGenerationState(states[failing]!));
    expect((await resumed(after)).latents).toEqual(animation.latents);
  });

  test('is loaded once for all runs of FreeInit, and in float16 for the next animation', async () => {
    watched.given.length = 0;
    await pipeline.generate({ ...run, freeInit: { iterations: 2 } });
    expect(watched.given.map(typeOf)).toEqual(['float16', 'float32']);
    await expect(pipeline.generate({ ...run, onNonFinite: 'error' })).rejects.toThrow(/NaN/);
    expect(watched.given.map(typeOf)).toEqual(['float16', 'float32', 'float16']);
  });

  test('is an error that names step, window and frames when asked to be', async () => {
    const context = { schedule: 'batched', length: 2 } as const;
    const error = pipeline.generate({ ...run, numFrames: 4, context, onNonFinite: 'error' });
    await expect(error).rejects.toMatchObject({
      code: 'numerics',
      message: expect.stringMatching(
        /NaN at step \d \(timestep \d+\), window [01] \(frames \d, \d\), in frames? \d/,
      ),
      details: {
        step: expect.any(Number),
        timestep: expect.any(Number),
        window: { index: expect.any(Number), frames: expect.any(Array) },
        frames: expect.any(Array),
        precision: 'float16',
      },
    });
  });
});

test('float32 that is not finite is an error, whatever was asked for', async () => {
  const data = new Float32Array(4 * 3 * 16).fill(Number.MAX_VALUE);
  const latents = { type: 'float32', shape: [1, 4, 3, 4, 4], data } as const;
  await expect(wide.generate({ ...small, latents, onNonFinite: 'retryFloat32' })).rejects.toMatchObject({
    code: 'numerics',
    message: expect.stringMatching(/NaN at step 0 .* in frames 0, 1, 2; a weight or the prompt/),
  });
});

/** Found by trying: from here on float16 fails at the second or third step of four. */
const enlargement = 47000;

/**
 * The tiny model with one layer enlarged and the norm behind it taking that out again, as a norm does: its sums are a
 * little over 65504 at some steps and a little below at others.
 */
async function overflowing(): Promise<FolderSource> {
  const folder = fileSource(fixture('tiny-sd15/model')) as FolderSource;
  const path = 'unet/diffusion_pytorch_model.safetensors';
  const store = await openWeights((await folder.file(path))!);
  const tensors: NamedTensor[] = [];
  for (const { name } of store.entries.values()) {
    const tensor = { name, ...(await store.read(name)) };
    if (!name.startsWith('down_blocks.0.attentions.0.proj_in.')) tensors.push(tensor);
    else {
      const values = float16ToFloat32(new Uint16Array(tensor.bytes.slice().buffer)).map(
        (value) => enlargement * value,
      );
      tensors.push({ ...tensor, bytes: new Uint8Array(float32ToFloat16(values).buffer) });
    }
  }
  await store.close();
  const changed = bytesSource(writeSafetensors(tensors), { name: 'enlarged.safetensors' });
  return {
    ...folder,
    file: async (asked, options) => (asked === path ? changed : folder.file(asked, options)),
  };
}

import {
  type AdapterMode,
  type AdapterSchedule,
  type AnimateDiffPipeline,
  domainAdapter,
  lora,
  motionLora,
} from 'animatediff-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { file, module, scalar, type Values, values } from '../adapters/files.js';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile, type Outputs, outputsOf } from './adapter-outputs.js';

const { backend, loaded } = watchedBackend();
afterAll(() => backend.dispose());

describe('without loading anything again', () => {
  let pipeline: AnimateDiffPipeline;
  beforeAll(async () => {
    const pan = motionLora(adapterFile('motionA'), { name: 'pan', mode: 'live' });
    pipeline = await loadTiny({ backend, adapters: [pan] });
    loaded.length = 0;
  });
  afterEach(() => expect(loaded).toEqual([]));
  afterAll(() => pipeline.dispose());

  test('the scale changes', async () => {
    const full = await outputsOf(pipeline);
    await pipeline.adapters.setScale('pan', { motion: 0.4, mid: -2 });
    expect((await outputsOf(pipeline)).noise).not.toEqual(full.noise);
    await pipeline.adapters.setScale('pan', 1);
    expect(await outputsOf(pipeline)).toEqual(full);
  });

  test('an adapter takes the place of another on the same layers', async () => {
    const { adapters } = pipeline;
    const pan = await outputsOf(pipeline);
    await adapters.add(motionLora(adapterFile('motionB'), { name: 'zoom', mode: 'live' }));
    await adapters.remove('pan');
    expect(adapters.list().map(({ name }) => name)).toEqual(['zoom']);
    expect((await outputsOf(pipeline)).noise).not.toEqual(pan.noise);
    await adapters.add(motionLora(adapterFile('motionA'), { name: 'pan', mode: 'live' }));
    await adapters.remove('zoom');
    expect(await outputsOf(pipeline)).toEqual(pan);
  });
});

describe('a schedule', () => {
  const schedules: Record<string, AdapterSchedule | undefined> = {
    plain: undefined,
    level: [{ at: 0, factor: 1 }],
    half: [
      { at: 0.2, factor: 0.5 },
      { at: 0.9, factor: 0.5 },
    ],
    early: [
      { at: 0.25, factor: 1 },
      { at: 0.5, factor: 0 },
    ],
    late: [
      { at: 0.25, factor: 0 },
      { at: 0.5, factor: 1 },
    ],
  };
  let pipeline: AnimateDiffPipeline;
  beforeAll(async () => {
    const adapters = Object.entries(schedules).map(([name, schedule]) =>
      domainAdapter(adapterFile('domain'), { name, mode: 'live', scale: 0, schedule }),
    );
    pipeline = await loadTiny({ backend, adapters });
  });
  afterAll(() => pipeline.dispose());

  /** Latents after each of four steps with one of the adapters at work. */
  async function steps(name: keyof typeof schedules, scale = 1): Promise<Float32Array[]> {
    await pipeline.adapters.setScale(name, scale);
    const latents: Float32Array[] = [];
    const request = { ...tinyGeneration, numInferenceSteps: 4, guidanceScale: 1 };
    for await (const event of pipeline.stream(request)) {
      if (event.type === 'step-end') latents.push(event.latents.data);
    }
    await pipeline.adapters.setScale(name, 0);
    return latents;
  }

  test('that does not change is a plain scale', async () => {
    expect(await steps('level')).toEqual(await steps('plain'));
    expect(await steps('half', 0.8)).toEqual(await steps('plain', 0.4));
  });

  test('lets an adapter act on early or on late steps only', async () => {
    const [always, never] = [await steps('plain'), await steps('plain', 0)];
    const [early, late] = [await steps('early'), await steps('late')];
    expect([early[0], early[1]]).toEqual([always[0], always[1]]);
    expect([late[0], late[1]]).toEqual([never[0], never[1]]);
    const ends = [always, never, early, late].map((latents) => latents.at(-1)!.join());
    expect(new Set(ends).size).toBe(4);
  });

  test('rules single predictions by the progress that they are told', async () => {
    const { unet } = pipeline.components;
    const { data, shape } = values(1, 1, 4, 1, 8, 8);
    const context = values(2, 1, 77, 64);
    const predict = async (progress?: number): Promise<Float32Array> => {
      const sample = { type: 'float32' as const, data, shape };
      const input = { sample, context: { ...context, type: 'float32' as const }, timestep: 500 };
      return (await unet.predict({ ...input, progress })).data;
    };
    const never = await predict();
    await pipeline.adapters.setScale('late', 1);
    expect([await predict(), await predict(0.25)]).toEqual([never, never]);
    expect(await predict(0.3)).not.toEqual(never);
    expect(await predict(1)).toEqual(await predict(0.5));
    await pipeline.adapters.setScale('late', 0);
  });
});

const attention = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_';
const small = (...args: Parameters<typeof values>): Values => {
  const { shape, data } = values(...args);
  return { shape, data: data.map((value) => value / 10) };
};
const files: Record<string, Record<string, Values>> = {
  LoHa: module(
    {
      '.hada_w1_a': small(1, 32, 2),
      '.hada_w1_b': small(2, 2, 32),
      '.hada_w2_a': small(3, 32, 2),
      '.hada_w2_b': small(4, 2, 32),
    },
    `${attention}to_q`,
  ),
  LoKr: module({ '.lokr_w1': small(5, 4, 4), '.lokr_w2': small(6, 8, 8) }, `${attention}to_k`),
  DoRA: module(
    {
      '.lora_up.weight': small(7, 32, 4),
      '.lora_down.weight': small(8, 4, 32),
      '.alpha': scalar(2),
      '.dora_scale': { shape: [32, 1], data: values(9, 32).data.map((value) => 1.2 + value / 2) },
    },
    `${attention}to_v`,
  ),
  'LoCon with a core': module(
    {
      '.lora_up.weight': small(10, 32, 3, 1, 1),
      '.lora_mid.weight': small(11, 3, 3, 3, 3),
      '.lora_down.weight': small(12, 3, 32, 1, 1),
    },
    'lora_unet_down_blocks_0_resnets_0_conv1',
  ),
  'a full difference with bias': module(
    { '.diff': small(13, 32, 32), '.diff_b': small(14, 32) },
    `${attention}to_out_0`,
  ),
  'a full difference of the text encoder': module(
    { '.diff': small(15, 128, 64) },
    'lora_te_text_model_encoder_layers_0_mlp_fc1',
  ),
  'a LoRA of a high rank on a convolution': module(
    { '.lora_up.weight': small(16, 32, 80, 1, 1), '.lora_down.weight': small(17, 80, 32, 3, 3) },
    'lora_unet_down_blocks_0_resnets_1_conv2',
  ),
};

describe('what is more than a plain LoRA', () => {
  const loras = (mode: AdapterMode) =>
    Object.entries(files).map(([name, tensors]) => lora(file(tensors), { name, mode, scale: 0 }));
  let live: AnimateDiffPipeline;
  let plain: Outputs;
  beforeAll(async () => {
    live = await loadTiny({ backend, adapters: loras('live') });
    plain = await outputsOf(live);
  });
  afterAll(() => live.dispose());

  test('is told apart', () => {
    const summaries = live.adapters.list().map(({ summary }) => summary);
    expect(summaries).toEqual([
      expect.stringContaining('LoHa'),
      expect.stringContaining('LoKr'),
      expect.stringContaining('DoRA'),
      expect.stringContaining('LoRA'),
      expect.stringContaining('full difference'),
      expect.stringContaining('text encoder'),
      expect.stringContaining('rank 80'),
    ]);
  });

  test.each(Object.keys(files))('runs live as when it is fused: %s', async (name) => {
    await live.adapters.setScale(name, 0.7);
    const found = await outputsOf(live);
    await live.adapters.setScale(name, 0);
    expect(found).not.toEqual(plain);
    const fusedOne = lora(file(files[name]!), { scale: 0.7 });
    await using fused = await loadTiny({ backend, adapters: [fusedOne] });
    const expected = await outputsOf(fused);
    expect(found.text).toBeRelativelyCloseTo(expected.text, 1e-4);
    expect(found.noise).toBeRelativelyCloseTo(expected.noise, 1e-4);
    expect(await outputsOf(live)).toEqual(plain);
  });

  test('adds up with plain LoRAs on the same layers', async () => {
    const style = (mode: AdapterMode) => lora(adapterFile('kohya'), { name: 'style', mode, scale: 0.5 });
    const tensors = files['DoRA']!;
    const dora = (mode: AdapterMode) => lora(file(tensors), { name: 'dora', mode, scale: 0.5 });
    const results: Outputs[] = [];
    for (const mode of ['fused', 'live'] as const) {
      await using pipeline = await loadTiny({ backend, adapters: [style(mode), dora(mode)] });
      results.push(await outputsOf(pipeline));
    }
    expect(results[1]!.noise).toBeRelativelyCloseTo(results[0]!.noise, 1e-4);
  });
});

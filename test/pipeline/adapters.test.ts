import {
  type Adapter,
  type AdapterMode,
  type AdapterScale,
  domainAdapter,
  lora,
  motionLora,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile, type Outputs, outputsOf } from './adapter-outputs.js';

const { backend, loaded } = watchedBackend();
afterAll(() => backend.dispose());

const modes: readonly AdapterMode[] = ['fused', 'live'];
const style = (mode: AdapterMode, scale: AdapterScale = 1): Adapter =>
  lora(adapterFile('kohya'), { name: 'style', mode, scale });
const motion = (mode: AdapterMode, scale: AdapterScale = 1): Adapter =>
  motionLora(adapterFile('motionA'), { name: 'motion', mode, scale });
const domain = (mode: AdapterMode, scale: AdapterScale = 1): Adapter =>
  domainAdapter(adapterFile('domain'), { name: 'domain', mode, scale });

let plain: Outputs;
beforeAll(async () => {
  await using pipeline = await loadTiny({ backend });
  plain = await outputsOf(pipeline);
});

test('what is told of an adapter says where it is from and what it holds', async () => {
  await using pipeline = await loadTiny({ backend, adapters: [motion('live', 0.6)] });
  const info = await pipeline.adapters.add(lora(adapterFile('kohya'), { scale: { textEncoder: 0.5 } }));
  expect(info).toEqual({
    name: 'style-kohya',
    kind: 'lora',
    label: expect.stringContaining('style-kohya.safetensors'),
    summary: expect.stringMatching(/^This is a LoRA: LoRA on 187 layers of the image UNet, text encoder/),
    scale: { textEncoder: 0.5 },
    mode: 'fused',
    token: undefined,
    layers: 187,
    warnings: [],
  });
  expect(pipeline.adapters.list()).toEqual([
    expect.objectContaining({ name: 'motion', kind: 'motion-lora', scale: 0.6, mode: 'live', layers: 168 }),
    info,
  ]);
});

describe.each(modes)('%s adapters', (mode) => {
  test('come and go without a trace, in any order', async () => {
    await using pipeline = await loadTiny({ backend, adapters: [motion(mode)] });
    const { adapters } = pipeline;
    const motionAlone = await outputsOf(pipeline);
    await adapters.add(style(mode));
    const both = await outputsOf(pipeline);
    await adapters.remove('motion');
    const styleAlone = await outputsOf(pipeline);
    await adapters.remove('style');
    expect(await outputsOf(pipeline)).toEqual(plain);
    await adapters.add(style(mode));
    expect(await outputsOf(pipeline)).toEqual(styleAlone);
    expect(new Set([plain, motionAlone, styleAlone, both].map(({ noise }) => noise.join())).size).toBe(4);
    expect([motionAlone.text, both.text]).toEqual([plain.text, styleAlone.text]);
  });

  test('give the same bits at the same scale, and at scale 0 those of none', async () => {
    await using pipeline = await loadTiny({ backend, adapters: [style(mode)] });
    const full = await outputsOf(pipeline);
    const info = await pipeline.adapters.setScale('style', 0);
    expect([info.scale, pipeline.adapters.list()]).toEqual([0, [info]]);
    expect(await outputsOf(pipeline)).toEqual(plain);
    await pipeline.adapters.setScale('style', 1);
    expect(await outputsOf(pipeline)).toEqual(full);
  });

  test('serve a pipeline that keeps one network at a time, and can do so when it does not run', async () => {
    const request = { ...tinyGeneration, numInferenceSteps: 1, guidanceScale: 1 };
    await using roomy = await loadTiny({ backend, adapters: [style(mode), motion(mode)] });
    await using sparing = await loadTiny({ backend, residency: 'one', adapters: [style(mode)] });
    await sparing.adapters.add(motion(mode));
    expect((await sparing.generate(request)).frames).toEqual((await roomy.generate(request)).frames);
  });
});

test('an adapter acts as strongly on each part as is said for it', async () => {
  await using pipeline = await loadTiny({ backend, adapters: [style('live'), motion('live', 0)] });
  const at = async (name: string, scale: AdapterScale): Promise<Outputs> => {
    await pipeline.adapters.setScale(name, scale);
    return outputsOf(pipeline);
  };
  const full = await at('style', 1);
  expect(await at('style', { textEncoder: 0 })).toEqual({ text: plain.text, noise: full.noise });
  expect(await at('style', { unet: 0 })).toEqual({ text: full.text, noise: plain.noise });
  expect(await at('style', { down: 0, mid: 0, up: 0 })).toEqual({ text: full.text, noise: plain.noise });
  expect(await at('style', { motion: 0 })).toEqual(full);
  expect(await at('style', { unet: 0.5, down: 2, mid: 2, up: 2 })).toEqual(full);
  const noises = [full.noise, plain.noise];
  for (const block of ['down', 'mid', 'up']) noises.push((await at('style', { [block]: 0 })).noise);
  noises.push((await at('style', -1)).noise);

  await at('style', 0);
  expect(await at('motion', { motion: 0 })).toEqual(plain);
  expect(await at('motion', { mid: 0, down: 0, up: 0 })).toEqual(plain);
  noises.push((await at('motion', { unet: 0 })).noise);
  noises.push((await at('motion', { mid: 0 })).noise);
  expect(new Set(noises.map((noise) => noise.join())).size).toBe(noises.length);
});

test('both modes do the same, also together', async () => {
  const results: Outputs[] = [];
  for (const [a, b, c] of [
    ['fused', 'fused', 'fused'],
    ['live', 'live', 'live'],
    ['fused', 'live', 'fused'],
  ] as const) {
    const adapters = [style(a, { unet: 0.5, mid: 0, up: 2 }), domain(b, 0.5), motion(c, { down: -0.3 })];
    await using pipeline = await loadTiny({ backend, adapters });
    results.push(await outputsOf(pipeline));
  }
  for (const { text, noise } of results) {
    expect(text).toBeRelativelyCloseTo(results[0]!.text, 1e-4);
    expect(noise).toBeRelativelyCloseTo(results[0]!.noise, 1e-4);
  }
});

test('a fused change loads only the networks that it touches again', async () => {
  await using pipeline = await loadTiny({ backend, adapters: [style('fused')] });
  const during = async (scale: AdapterScale): Promise<string[]> => {
    loaded.length = 0;
    await pipeline.adapters.setScale('style', scale);
    return [...loaded];
  };
  expect(await during({ textEncoder: 0.5 })).toEqual(['text_encoder']);
  expect(await during({ textEncoder: 0.5, motion: 3 })).toEqual([]);
  expect(await during({ textEncoder: 0.5, down: 0 })).toEqual(['unet']);
  expect(await during({ down: 0 })).toEqual(['text_encoder']);
  expect(await during(0)).toEqual(['text_encoder', 'unet']);
});

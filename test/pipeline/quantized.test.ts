import {
  AnimateDiffPipeline,
  type Backend,
  type LoadOptions,
  lora,
  type ModelArtifact,
  motionLora,
  type Quantization,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';
import { loadTiny, tinyGeneration, tinyModel } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile, type Outputs, outputsOf } from './adapter-outputs.js';

const { backend, given } = watchedBackend();
afterAll(() => backend.dispose());

/** Milliseconds for networks to be loaded several times, beside other work. */
const slow = 120_000;

/** Measured, and half as much again. Of layers as narrow as the tiny model's, each integer counts for much. */
const allowed: Record<Quantization, number> = { int8: 0.27, int4: 0.6, 'int8-dynamic': 0.15 };
/**
 * With adapters: rows with one scale, of other values than without, are further off, 0.18. What is added to them is exact,
 * as the tests of the networks show.
 */
const allowedBeside: Record<Quantization, number> = { ...allowed, 'int8-dynamic': 0.27 };
const forms = Object.keys(allowed) as Quantization[];

let wide: AnimateDiffPipeline;
let exact: Outputs;
beforeAll(async () => {
  wide = await loadTiny({ backend });
  exact = await outputsOf(wide);
}, slow);
afterAll(() => wide.dispose());

const bytesOf = ({ weights }: ModelArtifact): number =>
  weights.reduce((sum, { byteLength }) => sum + byteLength, 0);

describe.each(forms)('weights in %s', { timeout: slow }, (quantization) => {
  let pipeline: AnimateDiffPipeline;
  let own: Outputs;
  let unet: ModelArtifact;
  beforeAll(async () => {
    given.length = 0;
    pipeline = await loadTiny({ backend, quantization });
    unet = given.find(({ label }) => label === 'unet')!;
    own = await outputsOf(pipeline);
  }, slow);
  afterAll(() => pipeline.dispose());

  test('change the UNet a little, and nothing else', () => {
    const error = relativeError(own.noise, exact.noise);
    console.log(`${quantization}: relative error ${error.toExponential(1)}`);
    expect(error).toBeLessThan(allowed[quantization]);
    expect(error).toBeGreaterThan(1e-3);
    expect(own.text).toEqual(exact.text);
    expect(pipeline.info).toMatchObject({ quantization, precision: 'float32' });
  });

  test('make much the same animation', async () => {
    const [a, b] = [await wide.generate(tinyGeneration), await pipeline.generate(tinyGeneration)];
    let [sum, count] = [0, 0];
    for (const [frame, { data }] of a.frames.entries()) {
      data.forEach((value, at) => {
        sum += Math.abs(value - b.frames[frame]!.data[at]!);
      });
      count += data.length;
    }
    console.log(`${quantization}: mean absolute difference of a pixel ${(sum / count).toFixed(3)} of 255`);
    // What is measured, and half as much again.
    expect(sum / count).toBeLessThan(3.6);
  });

  test('are planned as they are stored', async () => {
    const planned = await AnimateDiffPipeline.plan({ ...tinyModel(), quantization, backend });
    expect(await pipeline.plan()).toEqual(planned);
    const before = await wide.plan();
    const [text, net, vae] = planned.networks;
    expect([text, vae]).toEqual([before.networks[0], before.networks[2]]);
    expect(bytesOf(unet)).toBe(net!.weightBytes);
    expect(net!.weightBytes).toBeLessThan(before.networks[1]!.weightBytes);
  });

  describe('with adapters', () => {
    const adapters = (mode: 'fused' | 'live') => [
      lora(adapterFile('kohya'), { name: 'style', mode }),
      motionLora(adapterFile('motionA'), { name: 'pan', mode }),
    ];

    const modes = ['fused', 'live'] as const;
    test.each(modes)('do as float32 with them, and without them as before: %s', async (mode) => {
      given.length = 0;
      await using adapted = await loadTiny({ backend, quantization, adapters: adapters(mode) });
      await using expected = await loadTiny({ backend, adapters: adapters(mode) });
      const [found, wanted] = [await outputsOf(adapted), await outputsOf(expected)];
      expect(found.text).toEqual(wanted.text);
      expect(found.noise).toBeRelativelyCloseTo(wanted.noise, allowedBeside[quantization]);
      // Adapters that do nothing would be as near.
      expect(relativeError(wanted.noise, exact.noise)).toBeGreaterThan(
        2 * relativeError(found.noise, wanted.noise),
      );

      // What a cache keeps must not depend on adapters.
      const kept = ({ weights }: ModelArtifact): unknown[] =>
        weights.flatMap(({ identity }) => identity ?? []);
      expect(kept(given.find(({ label }) => label === 'unet')!)).toEqual(kept(unet));

      for (const name of ['style', 'pan']) await adapted.adapters.remove(name);
      expect(await outputsOf(adapted)).toEqual(own);
    });

    test('change at once when they are live', async () => {
      await using adapted = await loadTiny({ backend, quantization, adapters: adapters('live') });
      const full = await outputsOf(adapted);
      given.length = 0;
      await adapted.adapters.setScale('style', 0);
      await adapted.adapters.setScale('pan', 0);
      // Zeros are added beside.
      expect(await outputsOf(adapted)).toEqual(own);
      await adapted.adapters.setScale('style', 1);
      await adapted.adapters.setScale('pan', 1);
      expect(await outputsOf(adapted)).toEqual(full);
      expect(given).toEqual([]);
    });
  });
});

describe('what cannot be', () => {
  const refusal = (options: Partial<LoadOptions>) =>
    loadTiny({ backend, residency: 'one', ...options }).then(
      () => expect.fail('it was loaded'),
      (error: unknown) => error,
    );
  const without = (...operators: string[]): Backend => ({
    ...backend,
    capabilities: async () => {
      const { dialect, ...others } = await backend.capabilities();
      return { ...others, dialect: new Set([...dialect].filter((each) => !operators.includes(each))) };
    },
  });

  test('is refused with the way out where the device has no operator for it', async () => {
    const poor = without('MatMulNBits', 'DynamicQuantizeMatMul');
    for (const quantization of ['int8', 'int4'] as const) {
      expect(await refusal({ backend: poor, quantization })).toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/MatMulNBits, which the device 'cpu'.*use precision: 'float16'/),
        details: { quantization, operator: 'MatMulNBits', device: 'cpu' },
      });
    }
    expect(
      await refusal({ backend: without('DynamicQuantizeMatMul'), quantization: 'int8-dynamic' }),
    ).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/DynamicQuantizeMatMul.*use quantization: 'int8', or/),
    });
  });

  test.each<[object, RegExp]>([
    [{ quantization: 'q8' }, /quantization: expected 'int8' or 'int4' or 'int8-dynamic'/],
    [{ quantization: 'int8-dynamic', precision: 'float16' }, /use it with precision: 'float32'/],
  ])('%j is refused', async (options, message) => {
    expect(await refusal(options)).toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
    });
  });
});

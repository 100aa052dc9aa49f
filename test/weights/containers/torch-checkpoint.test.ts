import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import type { ByteSource } from '../../../src/core/source.js';
import { openTorchCheckpoint } from '../../../src/weights/containers/torch-checkpoint.js';
import { openWeights } from '../../../src/weights/open-weights.js';
import type { WeightType } from '../../../src/weights/weight-store.js';
import { contentOf, expectedFiles, fixture, fixtureBytes } from './support/fixtures.js';

const files = expectedFiles();
const typeOf: Record<string, WeightType> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  float8_e4m3fn: 'f8_e4m3',
  float8_e5m2: 'f8_e5m2',
  float8_e4m3fnuz: 'f8_e4m3fnuz',
  float8_e5m2fnuz: 'f8_e5m2fnuz',
  float8_e8m0fnu: 'f8_e8m0',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  int8: 'i8',
  uint64: 'u64',
  uint32: 'u32',
  uint16: 'u16',
  uint8: 'u8',
  bool: 'bool',
};

describe('every fixture that torch wrote', () => {
  test.each(Object.keys(files))('%s has the tensors, shapes and values that torch says', async (name) => {
    const expected = files[name]!;
    const store = await openTorchCheckpoint(fixture(name));
    const content = Object.entries(expected).map(([key, { shape, values }]) => [key, { shape, values }]);
    expect(await contentOf(store)).toEqual(Object.fromEntries(content));
    for (const [key, { type }] of Object.entries(expected))
      expect(store.entries.get(key)?.type).toBe(typeOf[type]);
  });
});

describe('what trainers wrap around weights', () => {
  test('state_dict, module. and optimiser state are taken off; scalars become metadata', async () => {
    const store = await openTorchCheckpoint(fixture('trainer.pt'));
    expect([...store.entries.keys()].every((key) => /^[01]\./.test(key))).toBe(true);
    expect(Object.fromEntries(store.metadata)).toEqual({
      epoch: '3',
      global_step: '100',
      ratio: '0.5',
      large: String(2 ** 40),
    });
  });

  test('a motion module of AnimateDiff as it is distributed', async () => {
    const source = bytesSource(fixtureBytes('tiny-sd15/motion/v2.ckpt'), { name: 'v2.ckpt' });
    const store = await openWeights(source);
    expect(store.entries.size).toBe(588);
    const name =
      'down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe';
    expect(store.entries.get(name)).toMatchObject({ type: 'f16', shape: [1, 32, expect.any(Number)] });
    expect(store.metadata.get('global_step')).toBe('100');
  });
});

describe('reading', () => {
  function counted(name: string): { source: ByteSource; bytes: () => number } {
    const source = fixture(name);
    let bytes = 0;
    return {
      source: {
        ...source,
        read: (offset, length, options) => {
          bytes += length;
          return source.read(offset, length, options);
        },
      },
      bytes: () => bytes,
    };
  }

  test('is lazy: of a view only its span is read', async () => {
    const { source, bytes } = counted('views.pt');
    const store = await openTorchCheckpoint(source);
    await store.read('part_of_large');
    const before = bytes();
    await store.read('part_of_large');
    expect(bytes() - before).toBe(8);
  });

  test('gives arrays that are aligned in memory', async () => {
    const store = await openTorchCheckpoint(fixture('dtypes.pt'));
    for (const name of store.entries.keys()) expect((await store.read(name)).bytes.byteOffset % 8).toBe(0);
  });

  test('says what it does not have, has its source’s fingerprint, heeds signals', async () => {
    const store = await openTorchCheckpoint(fixture('views.pt'));
    await expect(store.read('nothing')).rejects.toMatchObject({ code: 'weights-mismatch' });
    expect(await store.fingerprint()).toBe(await fixture('views.pt').fingerprint());
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(store.read('base', { signal })).rejects.toThrow('enough');
  });
});

describe('what is refused', () => {
  test('code: nothing of it runs, and all names are told', async () => {
    const opening = openTorchCheckpoint(fixture('hostile.pt'));
    await expect(opening).rejects.toMatchObject({ code: 'weights-format' });
    await expect(opening).rejects.toThrow(/hostile\.pt: refers to "posix\.system", "builtins\.eval"/);
    await expect(openTorchCheckpoint(fixture('hostile-legacy.pt'))).rejects.toThrow('"posix.system"');
  });

  test('TorchScript', async () => {
    await expect(openTorchCheckpoint(fixture('script.pt'))).rejects.toThrow(/TorchScript/);
  });

  test.each(['views.pt', 'legacy.pt', 'deflated.pt'])('%s cut off anywhere', async (name) => {
    const whole = fixtureBytes(`containers/${name}`);
    for (let length = 0; length < whole.byteLength; length += 1 + Math.floor(length / 300)) {
      const source = bytesSource(whole.slice(0, length), { name });
      await expect(openTorchCheckpoint(source), `${length} bytes`).rejects.toMatchObject({
        code: 'weights-format',
      });
    }
  });
});

import { AnimateDiffError, bytesSource, lora, schedulerFromName } from 'animatediff-js';
import { expect, test } from 'vitest';
import { errorWords } from '../../examples/web/page/error-words.js';
import {
  type ModelChoice,
  type ModelPart,
  withPart,
  withScale,
} from '../../examples/web/page/model-choice.js';
import { samplers } from '../../examples/web/page/samplers.js';
import { settingsFor } from '../../examples/web/page/suited-settings.js';
import { bytesText, durationText, limitText } from '../../examples/web/page/words.js';

const source = bytesSource(new Uint8Array(1), { name: 'a.safetensors' });
const part = (role: ModelPart['role'], suits?: ModelPart['suits']): ModelPart => ({
  role,
  source,
  name: role,
  what: '',
  suits,
});
const builtIn: ModelChoice = {
  builtIn: true,
  checkpoint: part('checkpoint'),
  motionModule: part('motionModule'),
  vae: undefined,
  adapters: [],
};

test('every sampler that the page offers is one that the library knows', () => {
  for (const [name] of samplers.slice(1))
    expect(schedulerFromName(name).scheduler.contract).toBe('scheduler/1');
});

test('a checkpoint of one’s own ends the built-in model, whose motion module fits no other', () => {
  const own = part('checkpoint');
  expect(withPart(builtIn, own)).toMatchObject({ builtIn: false, checkpoint: own, motionModule: undefined });
  expect(withPart(builtIn, part('vae')).builtIn).toBe(true);
});

test('adapters of the same name get names of their own, and change alone', () => {
  const adapter = { role: 'adapter', adapter: lora(source, { mode: 'live' }), what: '', scale: 1 } as const;
  const twice = withPart(withPart(builtIn, adapter), adapter);
  expect(twice.adapters.map((each) => each.adapter.name)).toEqual(['a', 'a 2']);
  expect(withScale(twice, 'a 2', 0.5).adapters.map(({ scale }) => scale)).toEqual([1, 0.5]);
  expect(withScale(twice, 'a', undefined).adapters.map((each) => each.adapter.name)).toEqual(['a 2']);
});

test('the form takes over what a motion module was made for', () => {
  const before = withPart(builtIn, part('checkpoint'));
  const after = withPart(before, part('motionModule', { steps: 4, guidanceScale: 1 }));
  expect(settingsFor(builtIn, before)).toMatchObject({ numFrames: 1, width: 384 });
  expect(settingsFor(before, after)).toEqual({ numFrames: 16, steps: 4, guidanceScale: 1 });
  expect(settingsFor(after, after)).toBeUndefined();
});

test.each([
  [
    new AnimateDiffError('backend', 'unet: taken away', { details: { reason: 'device-lost' } }),
    'device was lost',
    'try-again',
  ],
  [new AnimateDiffError('backend', 'this browser offers no WebGPU'), 'WebGPU is not there', 'use-wasm'],
  [
    new AnimateDiffError('backend', 'no room', { details: { file: 'a', needed: 2e9, available: 1e6 } }),
    'store is full',
    'empty-store',
  ],
  [new AnimateDiffError('weights-mismatch', 'a.safetensors is a LoRA'), 'does not fit', 'choose-files'],
  [new AnimateDiffError('invalid-options', 'width: expected a multiple of 8'), 'go together', undefined],
  [new TypeError('undefined is not a function'), 'went wrong', 'try-again'],
] as const)('says of %s what to do', (error, title, remedy) => {
  const words = errorWords(error);
  expect(words.title).toContain(title);
  expect(words.remedy).toBe(remedy);
  expect(words.advice).not.toBe('');
});

test('amounts are told as people say them', () => {
  expect([0, 999, 1500, 13_000_000, 2.13e9].map(bytesText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.5 kB',
    '13 MB',
    '2.1 GB',
  ]);
  expect([0.2, 59, 130, 3900].map(durationText)).toEqual(['1 s', '59 s', '2 min 10 s', '1 h 5 min']);
  expect([32768, 2 ** 30, 2 ** 31 - 4].map(limitText)).toEqual(['32 KiB', '1 GiB', '2 GiB']);
});

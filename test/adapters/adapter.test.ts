import { expect, test } from 'vitest';
import { domainAdapter, lora, motionLora, textualInversion } from '../../src/adapters/adapter.js';
import { loadAdapter } from '../../src/adapters/load-adapter.js';
import { openAdapter } from '../../src/adapters/open-adapter.js';
import { bytesSource } from '../../src/core/bytes-source.js';
import type { ByteSource, FolderSource } from '../../src/core/source.js';
import { file, module, values } from './files.js';

function named(name: string): ByteSource {
  return bytesSource(new Uint8Array(), { name });
}

test('an adapter is a frozen plain value; nothing is read', () => {
  const adapter = lora(named('/models/My Style.v2.safetensors'));
  expect(adapter).toEqual({
    kind: 'lora',
    name: 'My Style.v2',
    source: adapter.source,
    scale: 1,
    mode: 'fused',
  });
  expect(Object.isFrozen(adapter)).toBe(true);
  expect(motionLora(named('a'), { scale: { mid: 0 }, mode: 'live', name: 'zoom' })).toMatchObject({
    kind: 'motion-lora',
    name: 'zoom',
    scale: { mid: 0 },
    mode: 'live',
  });
  expect(domainAdapter(named('v3_sd15_adapter.ckpt')).name).toBe('v3_sd15_adapter');
  expect(textualInversion(named('easynegative.pt'), { token: 'bad' })).toMatchObject({
    kind: 'textual-inversion',
    name: 'easynegative',
    token: 'bad',
  });
});

test('names come from paths, URLs and odd names', () => {
  expect(lora(named('https://example.com/a/style.safetensors?download=true')).name).toBe('style');
  expect(lora(named('C:\\models\\style.pt')).name).toBe('style');
  expect(lora(named('folder/')).name).toBe('folder');
});

test('wrong options are all named', () => {
  const wrong = { scale: 'high', mode: 'both', colour: 1 } as never;
  expect(() => lora(named('a'), wrong)).toThrow(/lora: .*scale: expected a finite number.*mode: .*colour/s);
  expect(() => lora(named('a'), { scale: Number.NaN })).toThrow(/scale/);
  expect(() => lora(named('a'), { scale: { middle: 1 } as never })).toThrow(
    /scale: Unrecognized key: "middle"/,
  );
  expect(() => textualInversion(named('a'), { token: 'two words' })).toThrow(/token/);
  expect(() => lora('style.safetensors' as never)).toThrow(/fileSource\('style\.safetensors'\)/);
});

const style = module({ '.lora_up.weight': values(1, 4, 2), '.lora_down.weight': values(2, 2, 3) });

test('loadAdapter passes the options on and refuses those of another kind', async () => {
  const adapter = await loadAdapter(file(style), { scale: 0.5, name: 'mine' });
  expect(adapter).toMatchObject({ kind: 'lora', scale: 0.5, name: 'mine', mode: 'fused' });
  await expect(loadAdapter(file(style), { token: 'word' })).rejects.toMatchObject({
    code: 'invalid-options',
  });
  await expect(loadAdapter(file({ 'some.weight': values(1, 2, 2) }))).rejects.toMatchObject({
    code: 'weights-mismatch',
    message: expect.stringContaining('unknown tensors'),
  });
});

test('a folder holds its adapter under the names of diffusers or PEFT, with its config', async () => {
  const files = new Map<string, ByteSource>([
    ['adapter_model.safetensors', file(style, 'adapter_model.safetensors')],
    ['adapter_config.json', bytesSource(new TextEncoder().encode('{"lora_alpha": 6}'))],
  ]);
  const folder: FolderSource = { kind: 'folder', name: 'repo/style', file: async (path) => files.get(path) };
  const adapter = await openAdapter(lora(folder));
  expect(adapter.adapter.name).toBe('style');
  expect(adapter.peft?.gain('anything', 2)).toBe(3);
  const empty: FolderSource = { kind: 'folder', name: 'repo/empty', file: async () => undefined };
  await expect(openAdapter(lora(empty))).rejects.toThrow(/repo\/empty has no adapter file/);
});

test('LoRAs that distil for few steps are told by their names', async () => {
  const distillation = async (name: string): Promise<string | undefined> =>
    (await openAdapter(lora(file(style, name)))).distillation;
  expect(await distillation('lcm-lora-sdv1-5.safetensors')).toBe('lcm');
  expect(await distillation('AnimateLCM_sd15_t2v_lora.safetensors')).toBe('animatelcm');
  expect(await distillation('film.safetensors')).toBeUndefined();
});

import { expect, test } from 'vitest';
import { lora, textualInversion } from '../../src/adapters/adapter.js';
import { loadAdapter } from '../../src/adapters/load-adapter.js';
import { openAdapter } from '../../src/adapters/open-adapter.js';
import { openTextualInversion, type TextualInversion } from '../../src/adapters/textual-inversion.js';
import { fileSource } from '../../src/core/file-source-node.js';
import { fixture } from '../support/tiny-model.js';
import { file, module, type Values, values } from './files.js';

function read(
  tensors: Record<string, Values>,
  options: { token?: string; width?: number; file?: string } = {},
): Promise<TextualInversion> {
  const source = file(tensors, options.file ?? 'easynegative.safetensors');
  return openTextualInversion(textualInversion(source, { token: options.token }), {
    width: options.width ?? 768,
  });
}

test.each([
  ['stable-diffusion-webui', { 'string_to_param.*': values(1, 8, 768) }, 'easynegative', 8],
  [
    'the original code',
    { 'string_to_token.*': values(2), 'string_to_param.*': values(1, 1, 768) },
    'easynegative',
    1,
  ],
  ['diffusers, one vector', { '<cat-toy>': values(1, 768) }, '<cat-toy>', 1],
  ['diffusers, several vectors', { '<cat-toy>': values(1, 3, 768) }, '<cat-toy>', 3],
  ['CivitAI', { emb_params: values(1, 16, 768) }, 'easynegative', 16],
])('reads the form of %s', async (_, tensors, token, count) => {
  const found = await read(tensors as Record<string, Values>);
  expect([found.token, found.count, found.width, found.vectors.length]).toEqual([
    token,
    count,
    768,
    count * 768,
  ]);
  const data = Object.entries(tensors).find(([name]) => !name.startsWith('string_to_token'))![1].data;
  expect(found.vectors).toEqual(data);
});

test('reads a torch file, and a narrow text encoder', async () => {
  const adapter = textualInversion(fileSource(fixture('containers/inversion.pt')));
  const error = await openTextualInversion(adapter, { width: 768 }).catch((reason: Error) => reason);
  expect(String((error as Error).message)).toMatch(
    /its vectors have width \d+, but the text encoder's is 768/,
  );
  const width = Number(/width (\d+)/.exec((error as Error).message)![1]);
  expect((await openTextualInversion(adapter, { width })).token).toBe('inversion');
});

test('an own word wins', async () => {
  expect((await read({ '<cat-toy>': values(1, 768) }, { token: 'cat' })).token).toBe('cat');
});

test('embeddings for other models, and ambiguous files, are refused', async () => {
  await expect(read({ emb_params: values(1, 2, 1024) })).rejects.toThrow(/for Stable Diffusion 2\.x/);
  await expect(read({ clip_l: values(1, 2, 768), clip_g: values(1, 2, 1280) })).rejects.toThrow(
    /for Stable Diffusion XL/,
  );
  await expect(read({ emb_params: values(1, 80, 768) })).rejects.toThrow(/80 vectors.*75/);
  await expect(read({ '<a>': values(1, 768), '<b>': values(2, 768) })).rejects.toThrow(/'<a>', '<b>'/);
  await expect(read({ emb_params: values(1, 2, 2, 768) })).rejects.toThrow(/\[vectors, width\]/);
});

const style = module({ '.lora_up.weight': values(1, 4, 2), '.lora_down.weight': values(2, 2, 3) });

test('LoRAs and textual inversions that are taken for each other name the right function', async () => {
  await expect(read(style)).rejects.toThrow(/this is a LoRA: use lora\(\)/);
  await expect(openAdapter(lora(file({ emb_params: values(1, 2, 768) })))).rejects.toThrow(
    /this is a textual inversion: use textualInversion\(\)/,
  );
});

test('loadAdapter finds it', async () => {
  expect(
    await loadAdapter(file({ emb_params: values(1, 2, 768) }, 'bad.pt'), { token: 'ugly' }),
  ).toMatchObject({
    kind: 'textual-inversion',
    name: 'bad',
    token: 'ugly',
    summary: 'This is a textual inversion: 2 vectors of width 768.',
  });
});

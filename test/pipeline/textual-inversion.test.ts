import {
  type AdapterInfo,
  type AnimateDiffPipeline,
  type ByteSource,
  motionLora,
  openWeights,
  type TextualInversionOptions,
  textualInversion,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { toFloat32 } from '../../src/weights/convert.js';
import { file, type Values, values } from '../adapters/files.js';
import { fixture, loadTiny, tinyGeneration } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile } from './adapter-outputs.js';

const { backend, loaded } = watchedBackend();
const width = 64;
const circle = 'circle';
let pipeline: AnimateDiffPipeline;
let embeddings: Values;

beforeAll(async () => {
  pipeline = await loadTiny({ backend });
  loaded.length = 0;
  const path = fixture('tiny-sd15/model/text_encoder/model.safetensors');
  const store = await openWeights(fileSource(path) as ByteSource);
  const name = 'text_model.embeddings.token_embedding.weight';
  embeddings = { shape: store.entries.get(name)!.shape, data: toFloat32(await store.read(name)) };
  await store.close();
});
afterEach(async () => {
  for (const { name } of pipeline.adapters.list()) await pipeline.adapters.remove(name);
  expect(loaded).toEqual([]);
});
afterAll(async () => {
  await pipeline.dispose();
  await backend.dispose();
});

/** The model's own embeddings of words, one token each, as a textual inversion would have them. */
function vectorsOf(...words: string[]): Values {
  const { tokenizer } = pipeline.components;
  const rows = words.flatMap((word) => {
    const ids = tokenizer.encode(word);
    expect([word, ids.length]).toEqual([word, 1]);
    return [...embeddings.data.subarray(ids[0]! * width, (ids[0]! + 1) * width)];
  });
  return { shape: [words.length, width], data: Float32Array.from(rows) };
}

function add(vectors: Values, options: TextualInversionOptions = {}): Promise<AdapterInfo> {
  return pipeline.adapters.add(textualInversion(file({ emb_params: vectors }, 'learned.pt'), options));
}

async function encoded(...prompts: string[]): Promise<Float32Array[]> {
  const { data } = await pipeline.components.textEncoder.encode(prompts);
  const length = 77 * width;
  return prompts.map((_, i) => data.slice(i * length, (i + 1) * length));
}

async function encodedOne(prompt: string): Promise<Float32Array> {
  return (await encoded(prompt))[0]!;
}

test('is listed with its word, by default the name of the file', async () => {
  const info = await add(values(1, 2, width));
  expect(info).toEqual({
    name: 'learned',
    kind: 'textual-inversion',
    label: 'learned.pt',
    summary: 'This is a textual inversion: 2 vectors of width 64.',
    scale: undefined,
    mode: undefined,
    token: 'learned',
    layers: 0,
    warnings: [],
  });
  expect(pipeline.adapters.list()).toEqual([info]);
});

test('with the vector of a word of the model stands for that word', async () => {
  const expected = await encodedOne('a red circle on a black background');
  await add(vectorsOf(circle), { token: 'shape-07' });
  expect(await encodedOne('a red shape-07 on a black background')).toEqual(expected);
});

test('with several vectors stands for several words', async () => {
  const expected = await encodedOne('a red circle on a black background');
  await add(vectorsOf('red', circle, 'on'), { token: '<scene>' });
  expect(await encodedOne('a <scene> a black background')).toEqual(expected);
});

test('counts in any case, as a whole word, wherever it stands and as often as it stands there', async () => {
  const both = await encodedOne('circle, circle (circle)');
  const other = await encodedOne('my blobby blob2');
  await add(vectorsOf(circle), { token: 'blob' });
  expect(await encodedOne('Blob, BLOB (embedding:blob)')).toEqual(both);
  expect(await encodedOne('my blobby blob2')).toEqual(other);
});

test('changes only the prompts that have it', async () => {
  const [red, blue] = (await encoded('a red circle', 'a blue circle')) as [Float32Array, Float32Array];
  await add(vectorsOf('red'), { token: 'glow' });
  expect(await encoded('a glow circle', 'a blue circle')).toEqual([red, blue]);
  await pipeline.adapters.remove('learned');
  expect(await encoded('a red circle', 'a blue circle')).toEqual([red, blue]);
  expect(await encodedOne('a glow circle')).not.toEqual(red);
});

test('two stand beside each other, also where one word begins with the other', async () => {
  const expected = await encodedOne('red circle star');
  await add(vectorsOf('red', circle), { name: 'one', token: 'sks' });
  await add(vectorsOf('star'), { name: 'two', token: 'sks-2' });
  expect(await encodedOne('sks sks-2')).toEqual(expected);
});

test('works in negative prompts of animations', async () => {
  const request = { ...tinyGeneration, numInferenceSteps: 1, guidanceScale: 4 };
  const expected = await pipeline.generate({ ...request, negativePrompt: 'blue circle' });
  const without = await pipeline.generate({ ...request, negativePrompt: 'ugly' });
  await add(vectorsOf('blue', circle), { token: 'ugly' });
  const { frames } = await pipeline.generate({ ...request, negativePrompt: 'ugly' });
  expect(frames).toEqual(expected.frames);
  expect(frames).not.toEqual(without.frames);
});

test('is never cut apart: at the end of a prompt it fits whole or is told to be ignored', async () => {
  await add(vectorsOf('red', circle, 'star'), { token: 'scene' });
  const filled = (words: number): string => `${'circle '.repeat(words)}scene`;
  const request = { ...tinyGeneration, numInferenceSteps: 1 };
  const fits = await pipeline.generate({ ...request, prompt: filled(72) });
  expect(fits.warnings.filter(({ code }) => code === 'prompt-truncated')).toEqual([]);
  const cut = await pipeline.generate({ ...request, prompt: `${filled(73)} and more` });
  expect(cut.warnings).toContainEqual({
    code: 'prompt-truncated',
    message: "prompt: only 75 tokens fit; ignored: 'scene and more'",
  });
  expect(await encodedOne(filled(73))).toEqual(await encodedOne('circle '.repeat(73)));
});

test('can be there from the start, beside other adapters', async () => {
  const expected = await encodedOne('a red circle');
  const word = textualInversion(file({ '<dot>': vectorsOf(circle) }, 'any.bin'));
  const pan = motionLora(adapterFile('motionA'), { mode: 'live' });
  await using other = await loadTiny({ backend, adapters: [word, pan] });
  loaded.length = 0;
  expect(other.adapters.list().map(({ name, token }) => [name, token])).toEqual([
    ['motion-lora-a', undefined],
    ['any', '<dot>'],
  ]);
  expect((await other.components.textEncoder.encode(['a red <dot>'])).data).toEqual(expected);
});

test('is refused where its word or its name is taken, or its vectors do not fit', async () => {
  await add(values(1, 1, width), { token: 'Blob' });
  const refused = (change: Promise<unknown>, code: string, message: RegExp) =>
    expect(change).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await refused(
    add(values(2, 1, width), { name: 'other', token: 'bLOB' }),
    'invalid-options',
    /'learned' has the word 'Blob' already; give another one as the option 'token'/,
  );
  await refused(add(values(2, 1, width), { token: 'other' }), 'invalid-options', /called 'learned' already/);
  await refused(
    add(values(2, 1, 768), { name: 'wide', token: 'wide' }),
    'weights-mismatch',
    /learned\.pt: its vectors have width 768, but the text encoder's is 64/,
  );
  await refused(
    pipeline.adapters.add(textualInversion(adapterFile('kohya'), { token: 'x' })),
    'weights-mismatch',
    /this is a LoRA: use lora\(\)/,
  );
  await refused(pipeline.adapters.setScale('learned', 1), 'invalid-options', /which has no scale/);
  expect(pipeline.adapters.list()).toHaveLength(1);
});

test('whose file is not read because of an abort is not added', async () => {
  const reason = new Error('enough');
  const word = textualInversion(file({ emb_params: values(1, 1, width) }));
  const change = pipeline.adapters.add(word, { signal: AbortSignal.abort(reason) });
  await expect(change).rejects.toBe(reason);
  expect(pipeline.adapters.list()).toEqual([]);
});

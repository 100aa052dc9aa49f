import type { AnimateDiffPipeline, GenerateOptions } from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { animationOf, eventsOf, small } from './stream-events.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

const guided: GenerateOptions = { ...small, guidanceScale: 3 };

async function latents(options: Partial<GenerateOptions>): Promise<Float32Array> {
  return animationOf(await eventsOf(pipeline.stream({ ...guided, ...options }))).latents.data;
}

describe('a prompt that travels', () => {
  const { numFrames = 1 } = guided;
  const last = numFrames - 1;

  test('between the same words is that prompt, to the bit', async () => {
    const travelling = await latents({ prompt: { 0: 'a cat', [last]: 'a cat' } });
    expect(travelling).toEqual(await latents({ prompt: 'a cat' }));
  });

  test('shows other words elsewhere', async () => {
    const travelling = await latents({ prompt: { 0: 'a cat', [last]: 'a dog' } });
    expect(travelling).not.toEqual(await latents({ prompt: 'a cat' }));
    expect(travelling).not.toEqual(await latents({ prompt: 'a dog' }));
  });

  test('may be a negative one, and be told as a list with text around it', async () => {
    const listed = await latents({
      prompt: [
        { frame: '0%', prompt: 'cat' },
        { frame: -1, prompt: 'dog' },
      ],
      negativePrompt: { 0: 'blurred', '-1': 'dark' },
      travel: { prepend: 'a photo of a', interpolation: 'spherical' },
    });
    expect(listed.every(Number.isFinite)).toBe(true);
  });

  test('is refused for a frame that is not there', async () => {
    const run = latents({ prompt: { 0: 'a cat', [numFrames]: 'a dog' } });
    await expect(run).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('weights in a prompt', () => {
  const weighted = (prompt: string, options: Partial<GenerateOptions> = {}): Promise<Float32Array> =>
    latents({ prompt, promptSyntax: 'weighted', ...options });

  test('are text unless asked for', async () => {
    expect(await latents({ prompt: 'a (cat:1.5)' })).not.toEqual(await latents({ prompt: 'a cat' }));
  });

  test('of 1 change nothing, others do, and may be ignored', async () => {
    const plain = await latents({ prompt: 'a cat' });
    expect(await weighted('a (cat:1)')).toEqual(plain);
    expect(await weighted('a (cat:1.5)')).not.toEqual(plain);
    expect(await weighted('a (cat:1.5)', { emphasis: 'ignore' })).toEqual(plain);
  });
});

describe('a prompt of more tokens than fit', () => {
  const long = 'a cat, '.repeat(60);

  test('is cut with a warning that tells the words, or read in chunks without one', async () => {
    const warnings = async (options: Partial<GenerateOptions>): Promise<string[]> => {
      const stream = pipeline.stream({ ...guided, prompt: long, ...options });
      return animationOf(await eventsOf(stream)).warnings.map(({ code }) => code);
    };
    expect(await warnings({})).toContain('prompt-truncated');
    expect(await warnings({ longPrompts: 'chunk' })).not.toContain('prompt-truncated');
  });

  test('counts to its end when it is read in chunks', async () => {
    const chunk = { longPrompts: 'chunk' } as const;
    const other = `${long} a dog`;
    expect(await latents({ prompt: long, ...chunk })).not.toEqual(await latents({ prompt: other, ...chunk }));
    expect(await latents({ prompt: long })).toEqual(await latents({ prompt: other }));
  });
});

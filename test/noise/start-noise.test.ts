import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementCount } from '../../src/core/tensor.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { startNoise } from '../../src/noise/start-noise.js';
import type { StartNoise, StartNoiseKind } from '../../src/noise/start-noise-options.js';

const kinds: readonly StartNoiseKind[] = ['default', 'constant', 'repeated', 'shuffled', 'freeNoise'];

function draw(options: StartNoise | undefined, shape: readonly number[], seed = 42): Float32Array {
  return startNoise(options, { seed, shape, random: torchRandom(seed) });
}

/** Frame `frame` of `[1, channels, frames, height, width]`, as `[channels, height, width]`. */
function frameOf(noise: Float32Array, shape: readonly number[], frame: number): Float32Array {
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const plane = height * width;
  return Float32Array.from({ length: channels * plane }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / plane), i % plane];
    return noise[(channel * frames + frame) * plane + pixel]!;
  });
}

/** Which frame of the `default` noise each frame equals, or -1. */
function sourcesOf(options: StartNoise, shape: readonly number[], seed = 42): number[] {
  const own = draw({ order: options.order }, shape, seed);
  const noise = draw(options, shape, seed);
  const frames = Array.from({ length: shape[2]! }, (_, frame) => frame);
  return frames.map(
    (frame) =>
      frames.find((other) => frameOf(own, shape, other).join() === frameOf(noise, shape, frame).join()) ?? -1,
  );
}

function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0) / a.length;
}

describe('without options', () => {
  test.each([
    [1, 4, 16, 8, 8],
    [1, 4, 7, 3, 5],
    [1, 1, 1, 1, 3],
  ])('noise is one draw of torch for [%d, %d, %d, %d, %d], to the bit', (...shape) => {
    const expected = torchRandom(42).normal(elementCount(shape));
    expect(draw(undefined, shape)).toEqual(expected);
    expect(draw({}, shape)).toEqual(expected);
    expect(draw({ kind: 'default', order: 'torch' }, shape)).toEqual(expected);
  });
});

describe('the order of a seed’s numbers', () => {
  const shape = [1, 4, 6, 4, 5];

  test('of ComfyUI is one draw with frames outermost', () => {
    const drawn = torchRandom(42).normal(elementCount(shape));
    const noise = draw({ order: 'comfyui' }, shape);
    for (let frame = 0; frame < 6; frame++) {
      expect(frameOf(noise, shape, frame)).toEqual(drawn.slice(frame * 80, (frame + 1) * 80));
    }
  });

  test('of A1111 is a seed for each frame, counting up', () => {
    const noise = draw({ order: 'a1111' }, shape);
    for (let frame = 0; frame < 6; frame++) {
      expect(frameOf(noise, shape, frame)).toEqual(torchRandom(42 + frame).normal(80));
    }
  });

  test('of A1111 counts on where numbers end', () => {
    const seed = Number.MAX_SAFE_INTEGER;
    const noise = draw({ order: 'a1111' }, [1, 4, 2, 4, 5], seed);
    expect(frameOf(noise, [1, 4, 2, 4, 5], 1)).toEqual(torchRandom(2n ** 53n).normal(80));
  });

  test('may be a list of seeds, one a frame', () => {
    const frameSeeds = [5, 3, 5, 0, 1, 2];
    const noise = draw({ frameSeeds }, shape);
    for (const [frame, seed] of frameSeeds.entries()) {
      expect(frameOf(noise, shape, frame)).toEqual(torchRandom(seed).normal(80));
    }
  });

  test('makes no difference to a single frame', () => {
    const single = [1, 4, 1, 4, 5];
    const expected = draw(undefined, single);
    expect(draw({ order: 'comfyui' }, single)).toEqual(expected);
    expect(draw({ order: 'a1111' }, single)).toEqual(expected);
  });
});

describe('which frames share noise', () => {
  const shape = [1, 4, 23, 4, 4];

  test('constant: all with the first', () => {
    expect(sourcesOf({ kind: 'constant' }, shape)).toEqual(Array(23).fill(0));
  });

  test('repeated: every so many', () => {
    expect(sourcesOf({ kind: 'repeated', length: 5 }, [1, 4, 12, 4, 4])).toEqual([
      0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1,
    ]);
  });

  test('shuffled: every block is an order of the first, and the orders differ', () => {
    const sources = sourcesOf({ kind: 'shuffled', length: 10 }, [1, 4, 40, 4, 4]);
    const blocks = [0, 1, 2, 3].map((block) => sources.slice(block * 10, block * 10 + 10));
    for (const block of blocks) expect(block.toSorted((a, b) => a - b)).toEqual(blocks[0]);
    expect(new Set(blocks.map(String)).size).toBe(4);
  });

  // torch 2.13: randn of the shape, then torch.randperm(stride) a block from the same generator, as diffusers does.
  test('freeNoise: what diffusers gives for the seed', () => {
    expect(sourcesOf({ kind: 'freeNoise' }, [1, 4, 23, 8, 8])).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 3, 2, 4, 7, 6,
    ]);
    expect(sourcesOf({ kind: 'freeNoise', length: 6, stride: 5 }, [1, 4, 13, 3, 3], 7)).toEqual([
      0, 1, 2, 3, 4, 5, 0, 2, 3, 1, 4, 0, 3,
    ]);
  });

  // torch.randperm from a generator of the seed of its own, as ComfyUI-AnimateDiff-Evolved does.
  test('freeNoise: what ComfyUI gives for the seed', () => {
    expect(sourcesOf({ kind: 'freeNoise', order: 'comfyui' }, [1, 4, 23, 8, 8])).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2, 3, 0, 1, 5, 4, 6,
    ]);
    expect(
      sourcesOf({ kind: 'freeNoise', length: 6, stride: 5, order: 'a1111' }, [1, 4, 13, 3, 3], 7),
    ).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 3, 2, 4, 0, 5]);
  });

  test('freeNoise: each block holds the frames that lie the length back, none from another block', () => {
    const options = fc.record({
      length: fc.integer({ min: 1, max: 12 }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      frames: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(options, ({ length, part, frames, seed }) => {
        const stride = Math.max(1, Math.round(part * length));
        const sources = sourcesOf({ kind: 'freeNoise', length, stride }, [1, 1, frames, 3, 3], seed);
        expect(sources.slice(0, length)).toEqual(
          Array.from({ length: Math.min(length, frames) }, (_, i) => i),
        );
        for (let at = length; at + stride <= frames; at += stride) {
          const block = sources.slice(at, at + stride).toSorted((a, b) => a - b);
          expect(block).toEqual(sources.slice(at - length, at - length + stride).toSorted((a, b) => a - b));
        }
        // In any window of `length` frames that starts at a block, no two frames share noise.
        for (let at = 0; at + length <= frames; at += stride) {
          expect(new Set(sources.slice(at, at + length)).size).toBe(length);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each(kinds)('%s: an animation no longer than the length is as by default', (kind) => {
    const short = [1, 4, 8, 4, 4];
    if (kind === 'constant') return;
    expect(draw({ kind }, short)).toEqual(draw(undefined, short));
  });
});

describe('the numbers', () => {
  const shape = [1, 4, 24, 32, 32];
  const perFrame = 4 * 32 * 32;

  test.each(
    kinds.flatMap((kind) => (['torch', 'comfyui', 'a1111'] as const).map((order) => ({ kind, order }))),
  )('of $kind in order $order are standard normal; frames are equal or unrelated', (options) => {
    const noise = draw(options, shape);
    const frames = Array.from({ length: 24 }, (_, frame) => frameOf(noise, shape, frame));
    const independent = new Set(frames.map(String)).size;
    expect(independent).toBe({ default: 24, constant: 1 }[options.kind as string] ?? 16);
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    // Five standard errors of as many numbers as are independent.
    const count = independent * perFrame;
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    const sources = sourcesOf({ ...options }, shape);
    for (const other of [1, 8, 16, 23]) {
      const expected = sources[other] === sources[0] ? correlation(frames[0]!, frames[0]!) : 0;
      expect(Math.abs(correlation(frames[0]!, frames[other]!) - expected)).toBeLessThan(
        5 / Math.sqrt(perFrame),
      );
    }
  });

  test('are the same for the same seed, and others for another', () => {
    for (const kind of kinds) {
      expect(draw({ kind }, [1, 4, 20, 4, 4])).toEqual(draw({ kind }, [1, 4, 20, 4, 4]));
      expect(draw({ kind }, [1, 4, 20, 4, 4])).not.toEqual(draw({ kind }, [1, 4, 20, 4, 4], 43));
    }
  });

  test('leave the source where the draw ended, whatever the kind', () => {
    const nextOf = (options: StartNoise): Float32Array => {
      const random = torchRandom(1);
      startNoise(options, { seed: 1, shape: [1, 4, 20, 4, 4], random });
      return random.normal(20);
    };
    for (const order of ['torch', 'comfyui'] as const) {
      for (const kind of kinds) expect(nextOf({ kind, order })).toEqual(nextOf({}));
    }
    expect(nextOf({ order: 'a1111' })).toEqual(torchRandom(1).normal(20));
  });

  test('come from a source of any kind', () => {
    const random = {
      normal: (count: number) => Float32Array.from({ length: count }, (_, i) => i),
      state: () => ({ kind: 'counting', words: [], extra: [] }),
    };
    const noise = startNoise(
      { kind: 'freeNoise', length: 2, stride: 1 },
      { seed: 0, shape: [1, 1, 4, 1, 1], random },
    );
    expect([...noise]).toEqual([0, 1, 0, 1]);
  });
});

describe('what is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['an unknown kind', { kind: 'pink' }, /noise: kind: .*"freeNoise"/],
    ['a misspelt option', { sort: 'constant' }, /noise: .*sort/],
    ['a length without use', { length: 8 }, /length: is for kind 'repeated', 'shuffled' or 'freeNoise'/],
    ['a stride without use', { kind: 'shuffled', stride: 2 }, /stride: is for kind 'freeNoise'/],
    [
      'a stride beyond the length',
      { kind: 'freeNoise', length: 8, stride: 9 },
      /stride: must be at most length/,
    ],
    ['no length at all', { kind: 'repeated', length: 0 }, /noise: length: /],
    ['an unknown order', { order: 'numpy' }, /noise: order: .*"comfyui"/],
    [
      'seeds of frames in one draw',
      { order: 'torch', frameSeeds: [1] },
      /frameSeeds: draw each frame by itself/,
    ],
    ['too few seeds', { frameSeeds: [1, 2] }, /frameSeeds: expected a seed for each of the 3 frames, got 2/],
    ['a seed that is none', { frameSeeds: [1, 2, -3] }, /frameSeeds\.2: /],
    ['no object', null, /noise: .*object/],
  ])('%s', (_, options, message) => {
    expect(() => draw(options as StartNoise, [1, 4, 3, 2, 2])).toThrow(message);
  });

  test('everything at once', () => {
    expect(() => draw({ length: 0, order: 'x' } as never, [1, 4, 3, 2, 2])).toThrow(/length: .*; order: /);
  });

  test.each([[[1, 4, 3, 2]], [[2, 4, 3, 2, 2]], [[1, 4, 0, 2, 2]], [[1, 4, 1.5, 2, 2]]])(
    'shape %j',
    (shape) => {
      expect(() => draw(undefined, shape)).toThrow(/expected \[1, channels, frames, height, width\]/);
    },
  );
});

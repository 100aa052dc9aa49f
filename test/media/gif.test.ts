import { GifReader } from 'omggif';
import { describe, expect, test } from 'vitest';
import type { Frame } from '../../src/media/frame.js';
import { encodeGif } from '../../src/media/gif.js';
import { ballFrames, fadingFrames, flatFrames, paint, psnr } from './sample-frames.js';

interface DecodedGif {
  readonly width: number;
  readonly height: number;
  /** null: no loop extension, so played once; 0: for ever; n: n more times. */
  readonly repeats: number | null;
  readonly delays: readonly number[];
  /** The canvas after each frame. */
  readonly canvases: readonly Uint8Array[];
}

function decodeGif(bytes: Uint8Array): DecodedGif {
  const reader = new GifReader(bytes as Buffer);
  const { width, height } = reader;
  const count = reader.numFrames();
  const canvas = new Uint8Array(width * height * 4);
  const canvases: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    reader.decodeAndBlitFrameRGBA(index, canvas);
    canvases.push(canvas.slice());
    // 2: the frame's area becomes transparent before the next one.
    if (reader.frameInfo(index).disposal === 2) canvas.fill(0);
  }
  const delays = canvases.map((_, index) => reader.frameInfo(index).delay);
  return { width, height, repeats: reader.loopCount(), delays, canvases };
}

describe('a GIF', () => {
  test('has the frames, size and times that were asked for', async () => {
    const gif = decodeGif(await encodeGif(ballFrames(6), { fps: 8 }));
    expect(gif).toMatchObject({ width: 48, height: 32, delays: [13, 12, 13, 12, 13, 12] });
    expect(gif.canvases).toHaveLength(6);
  });

  test('plays for ever, once, or as often as asked', async () => {
    const repeats = async (loop: number) => decodeGif(await encodeGif(flatFrames(2), { loop })).repeats;
    expect(await repeats(0)).toBe(0);
    expect(await repeats(1)).toBe(null);
    // The file counts the plays after the first.
    expect(await repeats(3)).toBe(2);
  });

  test('of up to 255 colours is exact, also when only a part changes', async () => {
    const frames = flatFrames(4);
    const gif = decodeGif(await encodeGif(frames));
    expect(gif.canvases.map((canvas) => [...canvas])).toEqual(frames.map(({ data }) => [...data]));
  });

  test('of one frame may use all 256 colours exactly', async () => {
    const frame = paint(16, 16, (x, y) => [x * 16, y * 16, 7, 255]);
    expect([...decodeGif(await encodeGif([frame])).canvases[0]!]).toEqual([...frame.data]);
  });

  test.each([
    ['none', 'global', 38],
    ['ordered', 'global', 36],
    ['floyd-steinberg', 'global', 36],
    ['ordered', 'per-frame', 36],
    ['floyd-steinberg', 'per-frame', 36],
  ] as const)(
    'of smooth colours with %s dithering and a %s palette stays within bounds',
    async (dither, palette, bound) => {
      const frames = ballFrames(4, 96, 64);
      const gif = decodeGif(await encodeGif(frames, { dither, palette }));
      gif.canvases.forEach((canvas, index) => {
        expect(psnr(canvas, frames[index]!.data), `frame ${index}`).toBeGreaterThan(bound);
      });
    },
  );

  test.each(['ordered', 'floyd-steinberg'] as const)(
    'with %s dithering has the right mean where colours are few',
    async (dither) => {
      const ramp = paint(64, 64, (x, y) => [40 + 2 * x, 200 - x, 90 + x + y / 2, 255]);
      const means = ({ data }: { data: ArrayLike<number> }): number[] => blockMeans(data, 64, 8);
      const plain = decodeGif(await encodeGif([ramp], { dither: 'none', colors: 64 })).canvases[0]!;
      const dithered = decodeGif(await encodeGif([ramp], { dither, colors: 64 })).canvases[0]!;
      const error = (canvas: Uint8Array): number => meanDifference(means({ data: canvas }), means(ramp));
      expect(error(dithered)).toBeLessThan(error(plain) * 0.75);
    },
  );

  test('does not flicker where the picture stands still', async () => {
    const frames = ballFrames(6, 96, 64);
    const { canvases } = decodeGif(await encodeGif(frames));
    let moved = 0;
    for (let index = 1; index < 6; index++) {
      const still = pixelsAlike(frames[index - 1]!.data, frames[index]!.data);
      moved += still.filter((pixel) => !samePixel(canvases[index - 1]!, canvases[index]!, pixel)).length;
    }
    expect(moved).toBe(0);
  });

  test('stores what stands still once', async () => {
    const [frame] = ballFrames(1, 96, 64) as [Frame];
    const one = (await encodeGif([frame])).length;
    expect((await encodeGif(Array(8).fill(frame))).length).toBeLessThan(one * 1.5);
  });

  test('holds to the number of colours it is given', async () => {
    const { canvases } = decodeGif(await encodeGif(ballFrames(3), { colors: 8 }));
    const words = canvases.flatMap((canvas) => [...new Uint32Array(canvas.buffer)]);
    expect(new Set(words).size).toBeLessThanOrEqual(7);
  });

  test('draws pixels of alpha 128 and above, and nothing elsewhere', async () => {
    const frames = fadingFrames(3);
    const gif = decodeGif(await encodeGif(frames));
    gif.canvases.forEach((canvas, index) => {
      const drawn = frames[index]!.data.filter((_, at) => at % 4 === 3).map((alpha) =>
        alpha >= 128 ? 255 : 0,
      );
      expect([...canvas].filter((_, at) => at % 4 === 3)).toEqual([...drawn]);
    });
  });

  test('may be wholly transparent', async () => {
    const nothing = paint(4, 4, () => [9, 9, 9, 0]);
    const gif = decodeGif(await encodeGif([nothing, nothing]));
    expect(gif.canvases[1]!.every((byte) => byte === 0)).toBe(true);
  });

  test('refuses colour numbers a table cannot have', async () => {
    for (const colors of [0, 3, 257, 16.5]) {
      await expect(encodeGif(flatFrames(1), { colors })).rejects.toMatchObject({ code: 'invalid-options' });
    }
  });
});

// Means of the inner blocks: colours at the ends of a ramp lie beyond the palette, and no mixture reaches them.
function blockMeans(data: ArrayLike<number>, width: number, block: number): number[] {
  const blocks = width / block;
  const sums: number[] = Array(blocks * blocks * 3).fill(0);
  for (let i = 0; i < data.length; i++) {
    if (i % 4 === 3) continue;
    const pixel = Math.floor(i / 4);
    const [column, row] = [Math.floor((pixel % width) / block), Math.floor(pixel / width / block)];
    const inner = Math.min(column, row) > 0 && Math.max(column, row) < blocks - 1;
    if (inner) sums[(row * blocks + column) * 3 + (i % 4)]! += data[i]! / block ** 2;
  }
  return sums;
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}

function samePixel(a: ArrayLike<number>, b: ArrayLike<number>, pixel: number): boolean {
  return [0, 1, 2, 3].every((channel) => a[pixel * 4 + channel] === b[pixel * 4 + channel]);
}

function pixelsAlike(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from({ length: a.length / 4 }, (_, pixel) => pixel).filter((pixel) => samePixel(a, b, pixel));
}

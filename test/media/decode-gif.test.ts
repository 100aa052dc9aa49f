import { GifReader, GifWriter } from 'omggif';
import { describe, expect, test } from 'vitest';
import { gifFrames } from '../../src/media/decode-gif.js';
import { encodeGif } from '../../src/media/gif.js';
import { unpackGifCodes } from '../../src/media/gif-codes.js';
import { ballFrames, fadingFrames, flatFrames, paint } from './sample-frames.js';

const read = (bytes: Uint8Array, maxPixels = 1e6) => [...gifFrames(bytes, 'a.gif', maxPixels)];

/** Where the first picture begins: ten bytes before its data, as there is no palette of its own. */
const descriptorOf = (bytes: Uint8Array): number => new GifReader(bytes).frameInfo(0).data_offset - 10;

describe('a GIF is read', () => {
  test('as it was written: frames that are differences, and their times', async () => {
    const frames = flatFrames(4);
    const got = read(await encodeGif(frames, { fps: 20 }));
    expect(got.map(({ frame }) => frame)).toEqual(frames);
    expect(got.map(({ seconds }) => seconds)).toEqual([0.05, 0.05, 0.05, 0.05]);
  });

  test('as omggif reads it, transparency included', async () => {
    for (const frames of [ballFrames(1, 120, 90), fadingFrames(1)]) {
      const bytes = await encodeGif(frames);
      const [first] = read(bytes);
      const expected = new Uint8ClampedArray(first!.frame.data.length);
      new GifReader(bytes).decodeAndBlitFrameRGBA(0, expected);
      expect(first!.frame.data).toEqual(expected);
    }
  });

  test('with areas that are cleared, or brought back, after their time', () => {
    const bytes = new Uint8Array(1000);
    const writer = new GifWriter(bytes, 2, 1, { palette: [0xff0000, 0x00ff00, 0x0000ff, 0xffffff] });
    writer.addFrame(0, 0, 2, 1, [0, 0], { disposal: 1 });
    writer.addFrame(1, 0, 1, 1, [1], { disposal: 3 });
    writer.addFrame(0, 0, 1, 1, [2], { disposal: 2 });
    writer.addFrame(1, 0, 1, 1, [3], { disposal: 0, transparent: 3 });
    const seen = read(bytes.slice(0, writer.end())).map(({ frame }) =>
      [0, 1].map((x) => [...frame.data.subarray(4 * x, 4 * x + 4)].join()),
    );
    const [red, green, blue, clear] = ['255,0,0,255', '0,255,0,255', '0,0,255,255', '0,0,0,0'];
    expect(seen).toEqual([
      [red, red],
      [red, green],
      [blue, red],
      [clear, red],
    ]);
  });

  test('with interlaced rows, and a picture that sticks out of the canvas', async () => {
    const frame = paint(3, 11, (x, y) => [20 * y, 80 * x, 0, 255]);
    const bytes = await encodeGif([frame]);
    const at = descriptorOf(bytes);
    // Rows as they are stored when interlaced: of every eighth, fourth, second.
    bytes[at + 9]! |= 0x40;
    const rows = [0, 8, 4, 2, 6, 10, 1, 3, 5, 7, 9];
    const [{ frame: mixed } = { frame }] = read(bytes);
    rows.forEach((row, stored) => {
      expect(mixed.data.subarray(12 * row, 12 * row + 12)).toEqual(
        frame.data.subarray(12 * stored, 12 * stored + 12),
      );
    });
    bytes[at + 1] = 2;
    expect(read(bytes)[0]!.frame).toMatchObject({ width: 3, height: 11 });
  });

  test('with codes of up to 12 bits and a full table', async () => {
    const noisy = paint(200, 200, (x, y) => [((x * 7919 + y * 104729) >> 3) % 256, 0, 0, 255]);
    expect(read(await encodeGif([noisy], { dither: 'none' }))[0]!.frame).toEqual(noisy);
  });
});

describe('a GIF is refused, by the name of its file,', async () => {
  const good = await encodeGif(flatFrames(3));
  const refusal = (bytes: Uint8Array, maxPixels?: number): string => {
    try {
      return `read ${read(bytes, maxPixels).length}`;
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  };

  test('when it is cut short, wherever', () => {
    for (let length = 6; length < good.length; length += 7) {
      expect(refusal(good.slice(0, length))).toBe(
        'weights-format: a.gif cannot be read: the GIF is cut short',
      );
    }
  });

  test('when its size, or that of a picture in it, is too large', () => {
    const huge = good.slice();
    huge.set([255, 255, 255, 255], 6);
    expect(refusal(huge)).toMatch(/^unsupported: a\.gif: 65535×65535 pixels are more than maxPixels 1000000/);
    const picture = good.slice();
    picture.set([255, 255, 255, 255], descriptorOf(good) + 5);
    expect(refusal(picture)).toMatch(/^unsupported: a\.gif: 65535×65535 .* more than maxPixels/);
  });

  test('when it has no pictures, or blocks that do not exist', () => {
    expect(refusal(Uint8Array.from([...good.slice(0, 10), 0, 0, 0, 0x3b]))).toMatch(/the GIF has no picture/);
    expect(refusal(Uint8Array.from([...good.slice(0, 10), 0, 0, 0, 0x77]))).toMatch(
      /a block 119 that does not exist/,
    );
    expect(refusal(new Uint8Array(20))).toMatch(/it is no GIF/);
  });

  test('when its codes are wrong or end early', () => {
    expect(unpackGifCodes(Uint8Array.of(0x44, 0x01), 2, 1)).toEqual(Uint8Array.of(0));
    expect(unpackGifCodes(Uint8Array.of(0x44, 0x01), 2, 100)).toBeUndefined();
    expect(unpackGifCodes(Uint8Array.of(0xff, 0xff), 2, 4)).toBeUndefined();
    expect(unpackGifCodes(new Uint8Array(0), 2, 1)).toBeUndefined();
  });

  test('or read, and never anything else, whatever bytes change', () => {
    let state = 7;
    for (let round = 0; round < 300; round++) {
      const changed = good.slice();
      for (let i = 0; i < 3; i++) {
        state = (state * 48271) % 2147483647;
        changed[6 + (state % (changed.length - 6))] = state >> 8;
      }
      expect(refusal(changed)).toMatch(/^(read|weights-format: a\.gif|unsupported: a\.gif)/);
    }
  });
});

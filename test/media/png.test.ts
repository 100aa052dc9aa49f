import { decode, decodeApng } from 'fast-png';
import UPNG from 'upng-js';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/core/crc32.js';
import { encodeApng } from '../../src/media/apng.js';
import type { Frame } from '../../src/media/frame.js';
import { encodePng } from '../../src/media/png.js';
import { ballFrames, fadingFrames, paint } from './sample-frames.js';

// What a decoder gives for a frame: opaque pictures are stored without alpha.
const withoutAlpha = ({ data }: Frame): number[] => [...data].filter((_, index) => index % 4 !== 3);
const checked = { checkCrc: true };
// fast-png 8.0.0 misplaces frames that cover a part of the canvas, so the pictures come from a second decoder.
const canvases = (apng: Uint8Array): number[][] =>
  UPNG.toRGBA8(UPNG.decode(apng.slice().buffer)).map((canvas) => [...new Uint8Array(canvas)]);

describe('PNG', () => {
  test('of an opaque frame has no alpha and every pixel as it was', async () => {
    const [frame] = ballFrames(1, 31, 17) as [Frame];
    const png = decode(await encodePng(frame), checked);
    expect(png).toMatchObject({ width: 31, height: 17, channels: 3, depth: 8 });
    expect([...png.data]).toEqual(withoutAlpha(frame));
  });

  test('keeps alpha, and colours where alpha is 0', async () => {
    const [frame] = fadingFrames(1) as [Frame];
    const png = decode(await encodePng(frame), checked);
    expect(png.channels).toBe(4);
    expect([...png.data]).toEqual([...frame.data]);
  });

  test('of noise and of a single pixel survive as well', async () => {
    let state = 1;
    const next = (): number => {
      state = (state * 48271) % 2147483647;
      return state % 256;
    };
    for (const frame of [
      paint(23, 9, () => [next(), next(), next(), next()]),
      paint(1, 1, () => [1, 2, 3, 4]),
    ]) {
      expect([...decode(await encodePng(frame), checked).data]).toEqual([...frame.data]);
    }
  });

  test('uses row filters: a gradient takes a small part of its raw size', async () => {
    const gradient = paint(128, 128, (x, y) => [x, y, x + y, 255]);
    expect((await encodePng(gradient)).length).toBeLessThan(128 * 128 * 3 * 0.05);
  });

  test('chunks carry the standard CRC', () => {
    // The check value of CRC-32/ISO-HDLC.
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});

describe('APNG', () => {
  test('gives back every frame exactly, with its time and number of plays', async () => {
    const frames = ballFrames(5);
    const bytes = await encodeApng(frames, { fps: 8, loop: 3 });
    const apng = decodeApng(bytes, checked);
    expect(apng).toMatchObject({ width: 48, height: 32, channels: 3, numberOfFrames: 5, numberOfPlays: 3 });
    expect(apng.frames.map(({ delayNumber, delayDenominator }) => delayNumber / delayDenominator)).toEqual(
      Array(5).fill(1 / 8),
    );
    expect(canvases(bytes)).toEqual(frames.map(({ data }) => [...data]));
  });

  test('loops for ever unless told otherwise', async () => {
    expect(decodeApng(await encodeApng(ballFrames(2))).numberOfPlays).toBe(0);
  });

  test('keeps alpha that changes from frame to frame', async () => {
    const frames = fadingFrames(4);
    const bytes = await encodeApng(frames);
    expect(decodeApng(bytes, checked).channels).toBe(4);
    expect(canvases(bytes)).toEqual(frames.map(({ data }) => [...data]));
  });

  test('stores a still stretch once', async () => {
    const [frame] = ballFrames(1) as [Frame];
    const one = await encodeApng([frame]);
    const many = await encodeApng(Array(10).fill(frame));
    expect(many.length - one.length).toBeLessThan(9 * 100);
    expect(decodeApng(many, checked).numberOfFrames).toBe(10);
    expect(canvases(many)[9]).toEqual([...frame.data]);
  });

  test('is a PNG of the first frame to programs that know no animation', async () => {
    const frames = ballFrames(3);
    expect([...decode(await encodeApng(frames), checked).data]).toEqual(withoutAlpha(frames[0]!));
  });
});

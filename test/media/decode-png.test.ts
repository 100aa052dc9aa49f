import { deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { encodeApng } from '../../src/media/apng.js';
import { concatBytes } from '../../src/media/bytes.js';
import { decodePng } from '../../src/media/decode-png.js';
import { encodePng } from '../../src/media/png.js';
import { bigEndian, pngChunk, pngSignature } from '../../src/media/png-chunk.js';
import { ballFrames, fadingFrames } from './sample-frames.js';

const read = (bytes: Uint8Array, maxPixels = 1e6) => decodePng(bytes, 'a.png', maxPixels);

interface Stored {
  readonly size: readonly [number, number];
  readonly depth: number;
  readonly type: number;
  readonly interlace?: number;
  readonly rows: readonly (readonly number[])[];
  readonly more?: readonly Uint8Array[];
}

/** A PNG of given rows, each with its filter type in front. */
function png({ size: [width, height], depth, type, interlace = 0, rows, more = [] }: Stored): Uint8Array {
  const header = [
    [4, width],
    [4, height],
    [1, depth],
    [1, type],
    [1, 0],
    [1, 0],
    [1, interlace],
  ] as const;
  return concatBytes([
    Uint8Array.from(pngSignature),
    pngChunk('IHDR', bigEndian(header)),
    ...more,
    pngChunk('IDAT', new Uint8Array(deflateSync(Uint8Array.from(rows.flat())))),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}

const chunk = (type: string, ...bytes: number[]): Uint8Array => pngChunk(type, Uint8Array.from(bytes));

describe('a PNG is read', () => {
  test('as it was written, with and without alpha, with every row filter', async () => {
    for (const frame of [ballFrames(1, 31, 17)[0]!, fadingFrames(1)[0]!]) {
      expect(await read(await encodePng(frame))).toEqual(frame);
    }
  });

  test('when it is an APNG: its first picture', async () => {
    const frames = ballFrames(3);
    expect(await read(await encodeApng(frames))).toEqual(frames[0]);
  });

  test.each([1, 2, 3, 4])('of %i channels and 16 bits, interlaced or not', async (channels) => {
    const [width, height] = [11, 7];
    const data = Uint16Array.from({ length: width * height * channels }, (_, i) => (i * 7919) % 65536);
    const picture = { width, height, channels, depth: 16 as const, data };
    const plain = await read(encode(picture));
    const sample = (i: number, c: number): number => Math.round(data[i * channels + c]! / 257);
    for (let i = 0; i < width * height; i++) {
      const grey = channels < 3;
      const expected = [0, 1, 2].map((c) => sample(i, grey ? 0 : c));
      const alpha = channels % 2 === 0 ? sample(i, channels - 1) : 255;
      expect([...plain.data.subarray(4 * i, 4 * i + 4)]).toEqual([...expected, alpha]);
    }
    expect(await read(encode(picture, { interlace: 'Adam7' }))).toEqual(plain);
  });

  test('of colours in a palette with alpha, less than a byte each', async () => {
    const palette = chunk('PLTE', 255, 0, 0, 0, 255, 0, 0, 0, 255);
    const { data } = await read(
      png({
        size: [3, 2],
        depth: 2,
        type: 3,
        rows: [
          [0, 0b00011000],
          [0, 0b10010000],
        ],
        more: [palette, chunk('tRNS', 128)],
      }),
    );
    const [red, green, blue] = [
      [255, 0, 0, 128],
      [0, 255, 0, 255],
      [0, 0, 255, 255],
    ];
    expect([...data]).toEqual([red, green, blue, blue, green, red].flat());
  });

  test('of single bits, interlaced, with a transparent grey', async () => {
    // Adam7 of 3 × 3: passes of 1, 1 × 2 pixels in columns 0 and 2, then row 1.
    const { data } = await read(
      png({
        size: [3, 3],
        depth: 1,
        type: 0,
        interlace: 1,
        rows: [
          [0, 0x80],
          [0, 0x80],
          [0, 0x40],
          [0, 0x00],
          [0, 0x80],
          [0, 0xa0],
        ],
        more: [chunk('tRNS', 0, 1)],
      }),
    );
    const greys = [...data].filter((_, i) => i % 4 === 0).map((value) => value / 255);
    expect(greys).toEqual([1, 0, 1, 1, 0, 1, 0, 1, 1]);
    expect([...data].filter((_, i) => i % 4 === 3)).toEqual(greys.map((grey) => 255 - 255 * grey));
  });
});

describe('a PNG is refused, by the name of its file,', async () => {
  const good = await encodePng(ballFrames(1)[0]!);
  const refusal = (bytes: Uint8Array, maxPixels?: number) =>
    read(bytes, maxPixels).then(
      () => 'read',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    );

  test('when it is cut short, wherever', async () => {
    for (let length = 8; length < good.length; length += Math.ceil(good.length / 40)) {
      expect(await refusal(good.slice(0, length))).toMatch(
        /^weights-format: a\.png cannot be read: .*cut short/,
      );
    }
  });

  test('when a byte of it changed', async () => {
    const changed = good.slice();
    changed[200]! ^= 1;
    expect(await refusal(changed)).toBe("weights-format: a.png cannot be read: the PNG's IDAT is damaged");
  });

  test('when it claims a size that is too large, or that nothing stands for', async () => {
    const huge = (side: number) => png({ size: [side, side], depth: 8, type: 6, rows: [[0, 1, 2, 3, 4]] });
    expect(await refusal(huge(2 ** 30))).toMatch(/^unsupported: a\.png: .* are more than maxPixels 1000000/);
    expect(await refusal(huge(50_000), 2 ** 40)).toMatch(/fewer pixels than it claims/);
    expect(await refusal(huge(2))).toMatch(/fewer pixels than it claims/);
    expect(await refusal(huge(0))).toMatch(/^weights-format: .* 0×0 pixels/);
  });

  test('without unpacking more than its size says', async () => {
    const bomb = concatBytes([
      good.subarray(0, 33),
      pngChunk('IDAT', new Uint8Array(deflateSync(new Uint8Array(2 ** 26)))),
      pngChunk('IEND', new Uint8Array(0)),
    ]);
    expect(await refusal(bomb)).toBe('read');
  });

  test.each<[string, Partial<Stored>]>([
    ['does not exist', { type: 5 }],
    ['has too many bits', { depth: 16, type: 3 }],
    ['has no palette', { type: 3 }],
    ['has an unknown filter', { rows: [[9, 1]] }],
  ])('when its kind %s', async (_, how) => {
    const stored = png({ size: [1, 1], depth: 8, type: 0, rows: [[0, 1]], ...how });
    expect(await refusal(stored)).toMatch(/^weights-format: a\.png cannot be read/);
  });

  test('when its pixels are no zlib stream', async () => {
    const broken = concatBytes([
      good.subarray(0, 33),
      pngChunk('IDAT', new Uint8Array(5000).fill(7)),
      pngChunk('IEND', new Uint8Array(0)),
    ]);
    expect(await refusal(broken)).toMatch(/compressed pixels are damaged/);
  });
});

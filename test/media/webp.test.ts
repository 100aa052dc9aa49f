import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Frame } from '../../src/media/frame.js';
import { encodeWebp } from '../../src/media/webp.js';
import { imageChunks } from '../../src/media/webp-riff.js';
import { ballFrames, fadingFrames, psnr } from './sample-frames.js';

// libwebp's decoder knows still pictures; the animation around them is read here, from the container specification.
interface Decoder {
  decode(bytes: Uint8Array): { width: number; height: number; data: Uint8ClampedArray };
}
let decoder: Decoder;
beforeAll(async () => {
  const { default: create } = await import('@jsquash/webp/codec/dec/webp_dec.js');
  const wasm = createRequire(import.meta.url).resolve('@jsquash/webp/codec/dec/webp_dec.wasm');
  decoder = await (create as unknown as (options: object) => Promise<Decoder>)({
    wasmBinary: readFileSync(wasm),
  });
});

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function readChunks(bytes: Uint8Array, start = 0): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let offset = start;
  while (offset < bytes.length) {
    const size = view.getUint32(offset + 4, true);
    chunks.push({
      type: String.fromCharCode(...bytes.subarray(offset, offset + 4)),
      data: bytes.subarray(offset + 8, offset + 8 + size),
    });
    offset += 8 + size + (size % 2);
  }
  expect(offset).toBe(bytes.length);
  return chunks;
}

const number24 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);

function decodeAnimation(file: Uint8Array) {
  const [riff] = readChunks(file) as [Chunk];
  expect(riff.type).toBe('RIFF');
  const chunks = readChunks(riff.data, 4);
  expect(chunks.slice(0, 2).map(({ type }) => type)).toEqual(['VP8X', 'ANIM']);
  const [header, animation] = [chunks[0]!.data, chunks[1]!.data];
  const [width, height] = [number24(header, 4) + 1, number24(header, 7) + 1];
  const canvas = new Uint8ClampedArray(width * height * 4);
  const frames = chunks.slice(2).map(({ type, data }) => {
    expect(type).toBe('ANMF');
    // "Do not blend" and "do not dispose": the picture replaces its area and stays.
    expect(data[15]).toBe(2);
    const [x, y] = [number24(data, 0) * 2, number24(data, 3) * 2];
    const picture = decoder.decode(asStill(data.subarray(16), header));
    expect([picture.width, picture.height]).toEqual([number24(data, 6) + 1, number24(data, 9) + 1]);
    for (let row = 0; row < picture.height; row++) {
      const line = picture.data.subarray(row * picture.width * 4, (row + 1) * picture.width * 4);
      canvas.set(line, ((y + row) * width + x) * 4);
    }
    return { milliseconds: number24(data, 12), canvas: canvas.slice() };
  });
  return {
    width,
    height,
    alpha: (header[0]! & 0x10) !== 0,
    loop: animation[4]! | (animation[5]! << 8),
    frames,
  };
}

// A picture with an ALPH chunk needs a VP8X header of its own, which ANMF leaves out.
function asStill(chunks: Uint8Array, _header: Uint8Array): Uint8Array {
  const list = readChunks(chunks);
  const frame = list.find(({ type }) => type === 'VP8 ')?.data;
  const extended = list.some(({ type }) => type === 'ALPH') && frame !== undefined;
  const prefix = extended ? extendedHeader(frame) : new Uint8Array(0);
  const body = [...new TextEncoder().encode('WEBP'), ...prefix, ...chunks];
  const size = new Uint8Array(new Uint32Array([body.length]).buffer);
  return Uint8Array.from([...new TextEncoder().encode('RIFF'), ...size, ...body]);
}

function extendedHeader(vp8: Uint8Array): Uint8Array {
  const [width, height] = [(vp8[6]! | (vp8[7]! << 8)) & 0x3fff, (vp8[8]! | (vp8[9]! << 8)) & 0x3fff];
  const sides = [width - 1, height - 1].flatMap((side) => [side & 255, side >> 8, 0]);
  return Uint8Array.from([...new TextEncoder().encode('VP8X'), 10, 0, 0, 0, 0x10, 0, 0, 0, ...sides]);
}

describe('an animated WebP', () => {
  test('without loss gives back every frame exactly, with times and plays', async () => {
    const frames = ballFrames(5, 47, 31);
    const webp = decodeAnimation(await encodeWebp(frames, { lossless: true, fps: 24, loop: 2 }));
    expect(webp).toMatchObject({ width: 47, height: 31, loop: 2, alpha: false });
    expect(webp.frames.map(({ milliseconds }) => milliseconds)).toEqual([42, 41, 42, 42, 41]);
    webp.frames.forEach(({ canvas }, index) => {
      expect([...canvas], `frame ${index}`).toEqual([...frames[index]!.data]);
    });
  });

  test('without loss keeps alpha, and colours where alpha is 0', async () => {
    const frames = fadingFrames(4);
    const webp = decodeAnimation(await encodeWebp(frames, { lossless: true }));
    expect(webp).toMatchObject({ alpha: true, loop: 0 });
    webp.frames.forEach(({ canvas }, index) => {
      expect([...canvas]).toEqual([...frames[index]!.data]);
    });
  });

  test('with loss stays close, and closer at higher quality', async () => {
    const frames = ballFrames(4, 96, 64);
    const worst = async (quality: number): Promise<number> => {
      const webp = decodeAnimation(await encodeWebp(frames, { quality }));
      return Math.min(...webp.frames.map(({ canvas }, index) => psnr(canvas, frames[index]!.data)));
    };
    expect(await worst(85)).toBeGreaterThan(32);
    expect(await worst(30)).toBeLessThan(await worst(95));
  });

  test('with loss keeps alpha exactly', async () => {
    const frames = fadingFrames(3);
    const webp = decodeAnimation(await encodeWebp(frames));
    const alphaOf = (data: ArrayLike<number>): number[] =>
      Array.from(data).filter((_, index) => index % 4 === 3);
    webp.frames.forEach(({ canvas }, index) => {
      expect(alphaOf(canvas)).toEqual(alphaOf(frames[index]!.data));
    });
  });

  test('stores a still stretch once', async () => {
    const [frame] = ballFrames(1) as [Frame];
    const still = await encodeWebp([frame], { lossless: true });
    const webp = await encodeWebp(Array(10).fill(frame), { lossless: true });
    expect(webp.length - still.length).toBeLessThan(10 * 80);
    expect(decodeAnimation(webp).frames).toHaveLength(10);
  });
});

test('a single frame becomes a still WebP', async () => {
  const [frame] = ballFrames(1) as [Frame];
  const picture = decoder.decode(await encodeWebp([frame], { lossless: true }));
  expect([...picture.data]).toEqual([...frame.data]);
});

test('the WebAssembly may be passed in; a broken one is reported with ways out', async () => {
  const path = createRequire(import.meta.url).resolve('@jsquash/webp/codec/enc/webp_enc_simd.wasm');
  await expect(encodeWebp(ballFrames(1), { wasm: readFileSync(path) })).resolves.toBeInstanceOf(Uint8Array);
  await expect(encodeWebp(ballFrames(1), { wasm: new Uint8Array(8) })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/webp_enc_simd\.wasm/),
  });
});

test('sides and qualities that WebP cannot hold are refused', async () => {
  const long = { width: 16384, height: 1, data: new Uint8ClampedArray(16384 * 4) };
  await expect(encodeWebp([long])).rejects.toMatchObject({
    message: expect.stringMatching(/width 16384.*16383/),
  });
  await expect(encodeWebp(ballFrames(1), { quality: 101 })).rejects.toMatchObject({
    code: 'invalid-options',
  });
});

test('an encoder result without a picture is an error, not a broken file', () => {
  expect(() => imageChunks(new Uint8Array(20))).toThrow(/without a picture/);
});

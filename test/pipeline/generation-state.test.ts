import {
  AnimateDiffError,
  type AnimateDiffPipeline,
  decodeGenerationState,
  encodeGenerationState,
  eulerAncestral,
  type GenerationState,
  heun,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny } from '../support/tiny-model.js';
import { eventsOf, ofType, small } from './stream-events.js';

const options = { ...small, numFrames: 2, width: 16, height: 16, checkpointEvery: 1 };
let pipeline: AnimateDiffPipeline;
let state: GenerationState;
let bytes: Uint8Array;
beforeAll(async () => {
  pipeline = await loadTiny({ scheduler: heun });
  const [first] = ofType(await eventsOf(pipeline.stream({ ...options, freeInit: true })), 'checkpoint');
  state = first!.state;
  bytes = encodeGenerationState(state);
});
afterAll(() => pipeline.dispose());

/** A file of a header and, behind it, what its references point into. */
function file(
  header: string | Uint8Array,
  body: Uint8Array = new Uint8Array(0),
  length?: number,
): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const start = 16 + Math.ceil(text.byteLength / 4) * 4;
  const out = new Uint8Array(start + body.byteLength);
  out.set(bytes.subarray(0, 8));
  new DataView(out.buffer).setUint32(8, length ?? text.byteLength, true);
  out.set(text, 16);
  out.set(body, start);
  return out;
}

test('a state is read from a Node Buffer, which shares its memory with others', () => {
  const pool = Buffer.alloc(bytes.byteLength + 24);
  pool.set(bytes, 8);
  const view = pool.subarray(8, 8 + bytes.byteLength);
  expect(decodeGenerationState(view)).toEqual(decodeGenerationState(bytes));
});

const refusal = (given: Uint8Array): unknown => {
  try {
    return decodeGenerationState(given);
  } catch (error) {
    return error;
  }
};

function expectRefused(given: Uint8Array, message = /cannot be read/): void {
  const error = refusal(given);
  expect(AnimateDiffError.isInstance(error)).toBe(true);
  expect(error).toMatchObject({ code: 'weights-format', message: expect.stringMatching(message) });
}

describe('a state as bytes', () => {
  test('comes back as it was', async () => {
    expect(decodeGenerationState(bytes)).toEqual(state);
    const stream = pipeline.stream({
      ...options,
      scheduler: eulerAncestral,
      prompt: 'ein Kreis — 円 🟠 $float32',
    });
    for (const { state: each } of ofType(await eventsOf(stream), 'checkpoint')) {
      expect(decodeGenerationState(encodeGenerationState(each))).toEqual(each);
    }
  });

  test('is the same for the same state, and small', () => {
    expect(encodeGenerationState(decodeGenerationState(bytes))).toEqual(bytes);
    expect(bytes.byteLength).toBeLessThan(32 * 1024);
  });

  test('is read from the middle of a buffer, wherever it lies', () => {
    for (const offset of [1, 2, 3, 8]) {
      const around = new Uint8Array(bytes.byteLength + 16);
      around.set(bytes, offset);
      expect(decodeGenerationState(around.subarray(offset, offset + bytes.byteLength))).toEqual(state);
    }
  });

  test('gives arrays that share nothing with the bytes', () => {
    const copy = bytes.slice();
    const decoded = decodeGenerationState(copy);
    copy.fill(0);
    expect(decoded).toEqual(state);
  });

  test('keeps every bit of the numbers', () => {
    const data = Float32Array.of(-0, 1e-45, Number.NaN, Number.POSITIVE_INFINITY);
    const odd = { ...state, latents: { type: 'float32' as const, shape: [4], data } };
    expect(decodeGenerationState(encodeGenerationState(odd)).latents.data).toEqual(data);
  });
});

describe('bytes that are no state are refused', () => {
  test('cut short anywhere', () => {
    for (let length = 0; length < bytes.byteLength; length += 7) expectRefused(bytes.subarray(0, length));
  });

  test('with another beginning', () => {
    for (let at = 0; at < 8; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      expectRefused(changed, /no saved generation/);
    }
  });

  test('with a header longer than the file, or than any header', () => {
    for (const length of [bytes.byteLength, 2 ** 26 + 1, 2 ** 31, 2 ** 32 - 1]) {
      const changed = bytes.slice();
      new DataView(changed.buffer).setUint32(8, length, true);
      expectRefused(changed, /header/);
    }
  });

  test.each(['', '{', 'null', '5', '"text"', '[]', '{}', '{"contract":"generation-state/2"}'])(
    'with the header %j',
    (header) => expectRefused(file(header)),
  );

  test('with a header that is no text, or nested without end', () => {
    expectRefused(file(Uint8Array.of(0xff, 0xfe, 0x80, 0)));
    expectRefused(file('['.repeat(200_000) + ']'.repeat(200_000)));
  });

  test('with any byte of the header changed, unless what it says is still a state', () => {
    const length = new DataView(bytes.buffer).getUint32(8, true);
    for (let at = 16; at < 16 + length; at += 5) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      const result = refusal(changed);
      if (result instanceof Error) expect(AnimateDiffError.isInstance(result)).toBe(true);
      else expect(result).toMatchObject({ contract: 'generation-state/1' });
    }
  });

  test.each([
    [[1, 4, 2, 2, 3]],
    [[1, 4, 2, 2]],
    [[]],
    [[32.5]],
    [[1e308, 1e308]],
    [['32']],
    [{ length: 1, 0: 32 }],
    [null],
  ])('with latents of shape %j', (shape) => {
    const wrong = { ...state, latents: { ...state.latents, shape } } as unknown as GenerationState;
    expectRefused(encodeGenerationState(wrong), /shape/);
  });

  test.each<[string, object]>([
    ['no latents', { latents: undefined }],
    ['latents that are numbers', { latents: { type: 'float32', shape: [1], data: [1] } }],
    ['no start noise', { startNoise: null }],
    ['a tensor that is none', { tensors: { mask: 5 } }],
    ['no seed', { seed: undefined }],
    ['a seed that is no number', { seed: '7' }],
    ['no options', { options: undefined }],
    ['no scheduler', { scheduler: 'ddim' }],
  ])('with %s', (_, changed) =>
    expectRefused(encodeGenerationState({ ...state, ...changed } as unknown as GenerationState)),
  );

  test.each([
    [-4, 1],
    [0, -1],
    [2, 1],
    [0, 3],
    [8, 1],
    [0, Number.MAX_SAFE_INTEGER],
    [Number.MAX_SAFE_INTEGER, 0],
  ])('with an array at %d of %d numbers in a body of two', (at, length) => {
    const latents = { type: 'float32', shape: [length], data: { $float32: [at, length] } };
    const header = JSON.stringify({ ...JSON.parse(headerOf(bytes)), latents, startNoise: latents });
    expectRefused(file(header, new Uint8Array(8)));
  });
});

function headerOf(given: Uint8Array): string {
  const length = new DataView(given.buffer).getUint32(8, true);
  return new TextDecoder().decode(given.subarray(16, 16 + length));
}

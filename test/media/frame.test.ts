import { describe, expect, test } from 'vitest';
import { encodeApng } from '../../src/media/apng.js';
import { contactSheet } from '../../src/media/contact-sheet.js';
import type { Frame } from '../../src/media/frame.js';
import { encodeGif } from '../../src/media/gif.js';
import { encodeMp4 } from '../../src/media/mp4-node.js';
import { encodePng } from '../../src/media/png.js';
import { encodeWebp } from '../../src/media/webp.js';
import { flatFrames } from './sample-frames.js';

const [good] = flatFrames(1) as [Frame];
const encoders = {
  encodeGif,
  encodeWebp,
  encodeApng,
  encodeMp4,
  contactSheet: async (frames: readonly Frame[]) => contactSheet(frames),
};

describe.each(Object.entries(encoders))('%s refuses', (_name, encode) => {
  const refusal = (message: RegExp) => ({ code: 'invalid-options', message: expect.stringMatching(message) });

  test('no frames', async () => {
    await expect(encode([])).rejects.toMatchObject(refusal(/at least one frame/));
    await expect(encode(undefined as never)).rejects.toMatchObject(refusal(/at least one frame/));
  });

  test('frames of different sizes, naming the frame and both sizes', async () => {
    const other = { width: 2, height: 1, data: new Uint8ClampedArray(8) };
    await expect(encode([good, good, other])).rejects.toMatchObject(
      refusal(/frame 2 is 2×1, but frame 0 is 20×12/),
    );
  });

  test('data of another length, naming both lengths', async () => {
    const short = { ...good, data: new Uint8ClampedArray(100) };
    await expect(encode([good, short])).rejects.toMatchObject(refusal(/frame 1 has 100 bytes.*need 960/));
  });

  test('data that is no byte array, and sides that are no sizes', async () => {
    const floats = { ...good, data: new Float32Array(960) as never };
    await expect(encode([floats])).rejects.toMatchObject(
      refusal(/frame 0 has data that is not a Uint8ClampedArray/),
    );
    for (const width of [0, -1, 2.5, Number.NaN, 1e9]) {
      await expect(encode([{ ...good, width }])).rejects.toMatchObject(refusal(/frame 0 has width/));
    }
  });
});

describe.each(Object.entries({ encodeGif, encodeWebp, encodeApng, encodeMp4 }))('%s', (name, encode) => {
  test('refuses a rate that is not above 0 or out of the format’s reach', async () => {
    for (const fps of [0, -8, Number.NaN, Number.POSITIVE_INFINITY, 5000, 1e-9]) {
      const error = { code: 'invalid-options', message: expect.stringMatching(/fps/) };
      await expect(encode([good], { fps }), `${name} at ${fps}`).rejects.toMatchObject(error);
    }
  });

  test('refuses options it does not know, by name', async () => {
    const misspelt = { fsp: 8 } as never;
    await expect(encode([good], misspelt)).rejects.toMatchObject({ message: expect.stringMatching(/"fsp"/) });
  });

  test('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('changed my mind');
    await expect(encode(flatFrames(2), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe.each(Object.entries({ encodeGif, encodeWebp, encodeApng }))('%s', (_name, encode) => {
  test('reports progress, and stops between frames when asked to', async () => {
    const seen: number[] = [];
    await encode(flatFrames(3), { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);

    const controller = new AbortController();
    const reason = new Error('enough');
    const stopAtTwo = ({ done }: { done: number }): void => {
      if (done === 2) controller.abort(reason);
      expect(done).toBeLessThan(3);
    };
    await expect(encode(flatFrames(4), { signal: controller.signal, onProgress: stopAtTwo })).rejects.toBe(
      reason,
    );
  });

  test('lets other work run between frames', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await encode(flatFrames(6));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  test('leaves the frames as they were', async () => {
    const frames = flatFrames(2);
    const before = frames.map(({ data }) => data.slice());
    await encode(frames);
    expect(frames.map(({ data }) => data)).toEqual(before);
  });
});

test('encodePng refuses a frame whose size and data disagree', async () => {
  await expect(encodePng({ ...good, height: 5 })).rejects.toMatchObject({
    code: 'invalid-options',
    message: expect.stringMatching(/has 960 bytes of data; 20×5 RGBA pixels need 400/),
  });
});

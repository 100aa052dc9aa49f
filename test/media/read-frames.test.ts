import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Frame } from '../../src/media/frame.js';
import { encodeGif } from '../../src/media/gif.js';
import { writeMp4 } from '../../src/media/mp4-node.js';
import { encodePng } from '../../src/media/png.js';
import { type ReadFilesOptions, readFrames } from '../../src/media/read-frames-node.js';
import { resizeFrame } from '../../src/media/resize.js';
import { encodeWebp } from '../../src/media/webp.js';
import { ffmpegMissing } from '../support/ffmpeg.js';
import { jpegFile } from './jpeg-file.js';
import { ballFrames, flatFrames, paint, psnr } from './sample-frames.js';

const folder = mkdtempSync(join(tmpdir(), 'read-frames-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const save = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(at(name), bytes);
  return at(name);
};

const refusal = (path: string | readonly string[], options?: ReadFilesOptions) =>
  readFrames(path, options).then(
    (frames) => `read ${frames.length}`,
    ({ code, message }: { code?: string; message: string }) => `${code}: ${message}`,
  );

const [ball] = ballFrames(1, 64, 48) as [Frame];

describe('pictures', () => {
  test('of a folder come in natural order, others are left alone', async () => {
    const frames = ballFrames(12);
    mkdirSync(at('frames'));
    for (const [i, frame] of frames.entries()) save(`frames/${i}.png`, await encodePng(frame));
    save('frames/notes.txt', 'hello');
    save('frames/.hidden.png', 'hello');
    expect(await readFrames(at('frames'))).toEqual(frames);
    expect(await readFrames(at('frames'), { maxFrames: 3 })).toEqual(frames.slice(0, 3));
  });

  test('of a list come in its order', async () => {
    const list = [at('frames/10.png'), at('frames/2.png')];
    const frames = ballFrames(12);
    expect(await readFrames(list)).toEqual([frames[10], frames[2]]);
  });

  test.each([false, true])('are JPEGs, progressive: %s, whatever their name', async (progressive) => {
    const [frame] = await readFrames(save('photo.png', await jpegFile(ball, { progressive })));
    expect(frame).toMatchObject({ width: 64, height: 48 });
    expect(psnr(frame!.data, ball.data)).toBeGreaterThan(35);
    expect('ImageData' in globalThis).toBe(false);
  });

  test('of a phone are turned upright', async () => {
    const [frame] = await readFrames(save('turned.jpg', await jpegFile(ball, { orientation: 6 })));
    const upright = paint(48, 64, (x, y) => [...ball.data.subarray(4 * ((47 - x) * 64 + y)).subarray(0, 4)]);
    expect(frame).toMatchObject({ width: 48, height: 64 });
    expect(psnr(frame!.data, upright.data)).toBeGreaterThan(35);
  });

  test('get the size that is asked for', async () => {
    const path = save('ball.png', await encodePng(ball));
    const size = { width: 32, height: 32, fit: 'contain' } as const;
    expect(await readFrames(path, size)).toEqual([resizeFrame(ball, size)]);
    expect(await readFrames(path, { width: 32 })).toMatchObject([{ width: 32, height: 24 }]);
  });
});

describe('an animated GIF', () => {
  const frames = flatFrames(4);

  test('gives all its frames', async () => {
    expect(await readFrames(save('flat.gif', await encodeGif(frames)))).toEqual(frames);
    expect(await readFrames(at('flat.gif'), { maxFrames: 2 })).toEqual(frames.slice(0, 2));
  });

  test('gives those at a rate', async () => {
    const path = save('slow.gif', await encodeGif(frames, { fps: 10 }));
    const indexes = (got: readonly Frame[]): number[] =>
      got.map((frame) => frames.findIndex(({ data }) => data.join() === frame.data.join()));
    expect(indexes(await readFrames(path, { fps: 5 }))).toEqual([1, 3]);
    expect(indexes(await readFrames(path, { fps: 20 }))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });
});

describe('by ffmpeg', () => {
  beforeEach((context) => context.skip(ffmpegMissing, 'ffmpeg is not on the PATH'));
  const frames = ballFrames(6, 64, 48);
  beforeAll(async () => {
    if (!ffmpegMissing) await writeMp4(at('ball.mp4'), frames, { fps: 12, crf: 5 });
  });

  test('a video gives all its frames', async () => {
    const got = await readFrames(at('ball.mp4'));
    expect(got).toHaveLength(6);
    for (const [i, frame] of got.entries()) expect(psnr(frame.data, frames[i]!.data)).toBeGreaterThan(30);
    expect(await readFrames(at('ball.mp4'), { maxFrames: 2, width: 32 })).toMatchObject([
      { width: 32, height: 24 },
      { width: 32, height: 24 },
    ]);
  });

  test('a video gives those at a rate', async () => {
    expect(await readFrames(at('ball.mp4'), { fps: 6 })).toHaveLength(3);
  });

  test('a name that looks like an option, a URL or a pattern is a file', async () => {
    const bytes = readFileSync(at('ball.mp4'));
    for (const name of ['-y', 'http:x', '%03d.mp4']) {
      expect(await readFrames(save(name, bytes), { maxFrames: 1 })).toHaveLength(1);
    }
  });

  test('other pictures are read too', async () => {
    const path = save('ball.webp', await encodeWebp([ball], { lossless: true }));
    const [frame] = await readFrames(path);
    expect(psnr(frame!.data, ball.data)).toBeGreaterThan(30);
  });

  test('playlists and scripts reach no other file', async () => {
    const lists = {
      'list.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:${at('ball.mp4')}\n#EXT-X-ENDLIST\n`,
      'list.txt': `ffconcat version 1.0\nfile ${at('ball.mp4')}\n`,
      'picture.svg': `<svg xmlns="http://www.w3.org/2000/svg"><image href="${at('ball.png')}"/></svg>`,
    };
    for (const [name, text] of Object.entries(lists)) {
      expect(await refusal(save(name, text))).toMatch(
        new RegExp(`^weights-format: .*${name} cannot be read: `),
      );
    }
  });

  test('a video that is cut short, or none, is refused by its name', async () => {
    const path = save('cut.mp4', readFileSync(at('ball.mp4')));
    truncateSync(path, 200);
    expect(await refusal(path)).toMatch(/^weights-format: .*cut\.mp4 cannot be read: .*ffmpeg/);
    expect(await refusal(save('text.mp4', 'no video'))).toMatch(
      /^weights-format: .*text\.mp4 cannot be read: /,
    );
  });

  test('a video whose frames are too large is refused', async () => {
    expect(await refusal(at('ball.mp4'), { maxPixels: 1000 })).toMatch(
      /^(weights-format|unsupported): .*ball\.mp4/,
    );
    expect(await refusal(at('ball.mp4'), { maxTotalPixels: 10_000 })).toMatch(
      /^unsupported: .*ball\.mp4: .* more than maxTotalPixels 10000 together; ask for fewer/,
    );
  });

  test('reading can be stopped', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const reading = readFrames(at('ball.mp4'), { signal: stop.signal });
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe('what cannot be read is told by its name', () => {
  test('broken and hostile pictures', async () => {
    const jpeg = await jpegFile(ball);
    save('cut.jpg', jpeg.subarray(0, jpeg.length >> 1));
    const huge = jpeg.slice();
    const size = huge.findIndex((_, i) => huge[i] === 0xff && huge[i + 1] === 0xc0);
    huge.set([255, 255, 255, 255], size + 5);
    save('huge.jpg', huge);
    save('early.jpg', Uint8Array.from([...jpeg.subarray(0, jpeg.length - 300), 0xff, 0xd9]));
    const scan = jpeg.findIndex((_, i) => jpeg[i] === 0xff && jpeg[i + 1] === 0xda);
    const scans = Array.from({ length: 101 }, () => [...jpeg.subarray(scan, scan + 20)]).flat();
    save('scans.jpg', Uint8Array.from([...jpeg.subarray(0, scan), ...scans, 0xff, 0xd9]));
    const png = await encodePng(ball);
    save('cut.png', png.subarray(0, 100));
    save('two.gif', (await encodeGif(flatFrames(2))).subarray(0, 900));
    const told = await Promise.all(
      ['cut.jpg', 'huge.jpg', 'early.jpg', 'scans.jpg', 'cut.png'].map((name) => refusal(at(name))),
    );
    expect(told.map((message) => message.replace(`${folder}/`, ''))).toEqual([
      'weights-format: cut.jpg cannot be read: the JPEG is cut short',
      expect.stringMatching(/^unsupported: huge\.jpg: 65535×65535 pixels are more than maxPixels 67108864/),
      expect.stringMatching(
        /^weights-format: early\.jpg cannot be read: the JPEG is damaged \(.*premature end/,
      ),
      'weights-format: scans.jpg cannot be read: the JPEG has more than 100 scans',
      'weights-format: cut.png cannot be read: the PNG is cut short',
    ]);
  });

  test('paths that lead to nothing', async () => {
    mkdirSync(at('empty'));
    expect(await refusal(at('nowhere.png'))).toMatch(
      /^invalid-options: .*nowhere\.png cannot be read: ENOENT/,
    );
    expect(await refusal(at('empty'))).toMatch(/the folder .*empty holds no \.png, \.jpg or \.jpeg file/);
    expect(await refusal([at('empty')])).toMatch(/empty is no file/);
    expect(await refusal(save('nothing.png', ''))).toMatch(/nothing\.png is empty/);
    expect(await refusal([])).toMatch(/expected a path, or a list/);
    expect(await refusal('/dev/zero')).toMatch(/\/dev\/zero is no file/);
  });

  test('a video without ffmpeg', async () => {
    const path = save('some.mp4', 'no video');
    expect(await refusal(path, { ffmpeg: at('no-ffmpeg') })).toMatch(
      /^unsupported: to read .*some\.mp4, which is neither .* needs ffmpeg, .*no-ffmpeg' was not found.*PNG or JPEG files/,
    );
  });

  test('options that do not exist', async () => {
    const options = { maxFrames: 0, fit: 'crop', size: 3 } as never;
    expect(await refusal('x.png', options)).toMatch(/^invalid-options: readFrames: fit: .*maxFrames: .*size/);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { toEvenSize } from '../../src/media/even-size.js';
import { encodeMp4, writeMp4 } from '../../src/media/mp4-node.js';
import { ffmpegMissing } from '../support/ffmpeg.js';
import { ballFrames, paint, psnr } from './sample-frames.js';

const folder = mkdtempSync(join(tmpdir(), 'mp4-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('where ffmpeg is installed', () => {
  beforeEach((context) => context.skip(ffmpegMissing, 'ffmpeg is not on the PATH'));

  const decodeRgba = (path: string): Buffer =>
    execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgba', '-'], {
      maxBuffer: 1e8,
    });

  test('writes every frame, close to what it was', async () => {
    const frames = ballFrames(6, 96, 64);
    const path = join(folder, 'ball.mp4');
    await writeMp4(path, frames, { fps: 12, crf: 10 });
    const decoded = decodeRgba(path);
    expect(decoded.length).toBe(6 * 96 * 64 * 4);
    frames.forEach(({ data }, index) => {
      const canvas = decoded.subarray(index * data.length, (index + 1) * data.length);
      expect(psnr(canvas, data), `frame ${index}`).toBeGreaterThan(30);
    });
  });

  test('colours do not shift: a flat picture comes back within rounding', async () => {
    const path = join(folder, 'flat.mp4');
    for (const color of [
      [200, 40, 30],
      [20, 180, 60],
      [30, 60, 220],
    ]) {
      await writeMp4(path, Array(2).fill(paint(32, 32, () => [...color, 255])), { crf: 5 });
      const pixel = [...decodeRgba(path).subarray(0, 3)];
      pixel.forEach((value, channel) => {
        expect(Math.abs(value - color[channel]!)).toBeLessThanOrEqual(4);
      });
    }
  });

  test('the index comes before the pictures, so that it plays while it downloads', async () => {
    const text = Buffer.from(await encodeMp4(ballFrames(2))).toString('latin1');
    expect(text.slice(4, 8)).toBe('ftyp');
    expect(text.indexOf('moov')).toBeGreaterThan(0);
    expect(text.indexOf('moov')).toBeLessThan(text.indexOf('mdat'));
  });

  test('odd sides grow by a pixel', async () => {
    const path = join(folder, 'odd.mp4');
    await writeMp4(path, ballFrames(2, 47, 31));
    expect(decodeRgba(path).length).toBe(2 * 48 * 32 * 4);
  });

  test('progress counts frames', async () => {
    const seen: number[] = [];
    await encodeMp4(ballFrames(3), { onProgress: ({ done }) => seen.push(done) });
    expect(seen).toEqual([1, 2, 3]);
  });

  test('a cancelled run rejects with the reason and leaves no file', async () => {
    const path = join(folder, 'cancelled.mp4');
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = (): void => controller.abort(reason);
    await expect(writeMp4(path, ballFrames(4), { signal: controller.signal, onProgress })).rejects.toBe(
      reason,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('cancelled'))).toEqual([]);
  });

  test('what a progress callback throws is what the caller gets', async () => {
    const mine = new Error('mine');
    const onProgress = (): void => {
      throw mine;
    };
    await expect(encodeMp4(ballFrames(3), { onProgress })).rejects.toBe(mine);
  });

  test('a failure tells what ffmpeg said, and keeps the file that was there', async () => {
    const nowhere = join(folder, 'no-such-folder', 'x.mp4');
    await expect(writeMp4(nowhere, ballFrames(2))).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/No such file or directory/),
    });
    const kept = join(folder, 'kept.mp4');
    writeFileSync(kept, 'old');
    await expect(writeMp4(kept, ballFrames(2), { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(readFileSync(kept, 'utf8')).toBe('old');
  });
});

test('without ffmpeg the error says how to get it and what else there is', async () => {
  await expect(encodeMp4(ballFrames(2), { ffmpeg: join(folder, 'nothing-here') })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(
      /apt install ffmpeg.*brew install ffmpeg.*winget.*\.webp, \.gif or \.apng/s,
    ),
  });
});

test('a program that ends without reading its input is an error, not a hang', async () => {
  await expect(encodeMp4(ballFrames(2), { ffmpeg: process.execPath })).rejects.toMatchObject({
    code: 'backend',
  });
});

test('an odd frame repeats its last column and row', () => {
  const frame = paint(3, 1, (x) => [x, 0, 0, 255]);
  expect([...toEvenSize(frame).data].filter((_, index) => index % 4 === 0)).toEqual([0, 1, 2, 2, 0, 1, 2, 2]);
  const even = paint(2, 2, () => [0, 0, 0, 255]);
  expect(toEvenSize(even)).toBe(even);
});

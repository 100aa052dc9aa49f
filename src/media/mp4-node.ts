import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { eachFrame } from './each-frame.js';
import { type EncodeOptions, encodeFields, type ResolvedEncodeOptions } from './encode-options.js';
import { toEvenSize } from './even-size.js';
import { runFfmpeg } from './ffmpeg-node.js';
import { checkFrames, type Frame } from './frame.js';
import { frameDelays } from './frame-delays.js';
import type { MediaEncoder } from './media-encoder.js';

/** Options of {@link encodeMp4} and {@link writeMp4}. `loop` is accepted and has no effect: an MP4 cannot say it. */
export interface Mp4Options extends EncodeOptions {
  /**
   * H.264's constant rate factor: 0 (largest, near lossless) to 51 (smallest); 6 more halve the size, roughly.
   * Default 17, at which differences are hard to see.
   */
  crf?: number | undefined;
  /** Path to the ffmpeg program. Default: `ffmpeg` on the PATH. */
  ffmpeg?: string | undefined;
}

/**
 * Frames as an MP4 video, by the ffmpeg program: H.264 with 4:2:0 colour (BT.709), which every player knows, and its
 * index at the front so that it plays while it downloads. An odd side grows by one pixel; alpha is ignored.
 *
 * @returns The file's bytes (`video/mp4`).
 * @throws `unsupported` when there is no ffmpeg, or one without libx264; `backend` when it fails, with what it said;
 * `invalid-options` for bad options or frames.
 */
export async function encodeMp4(frames: readonly Frame[], options?: Mp4Options): Promise<Uint8Array> {
  // An MP4's index is written last and then moved, so ffmpeg needs a file and not a pipe to write to.
  const folder = await mkdtemp(join(tmpdir(), 'animatediff-'));
  try {
    const path = join(folder, 'animation.mp4');
    await writeMp4(path, frames, options);
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * {@link encodeMp4} into a file. It appears at `path`, or replaces what is there, only when it is complete.
 *
 * @throws As {@link encodeMp4}, and what the file system says when the folder cannot be written to.
 */
export async function writeMp4(path: string, frames: readonly Frame[], options?: Mp4Options): Promise<void> {
  const resolved = checkOptions<ResolvedMp4Options>(mp4Schema(), options, 'encodeMp4');
  checkFrames(frames, 'MP4', 16384);
  // Refuses rates that no player follows; the delays themselves are ffmpeg's business.
  frameDelays(1, resolved.fps, { format: 'MP4', perSecond: 1000, min: 1, max: 100_000 });
  const partial = `${path}.${process.pid}.partial`;
  try {
    await runFfmpeg({
      program: resolved.ffmpeg,
      purpose: 'MP4',
      otherwise: 'write an animated .webp, .gif or .apng, which need no other program.',
      args: ffmpegArguments(toEvenSize(frames[0]!), resolved, partial),
      signal: resolved.signal,
      feed: (write) =>
        eachFrame(frames, resolved, async (frame) => {
          const { data } = toEvenSize(frame);
          await write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        }),
    });
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/** MP4 for `encoderForPath`, where a program may offer it. */
export const mp4Encoder: MediaEncoder = {
  name: 'MP4',
  endings: ['.mp4', '.m4v'],
  mediaType: 'video/mp4',
  encode: (frames, options) => encodeMp4(frames, options),
};

interface ResolvedMp4Options extends ResolvedEncodeOptions {
  readonly crf: number;
  readonly ffmpeg: string;
}

function mp4Schema(): z.ZodMiniType<ResolvedMp4Options> {
  return z.strictObject({
    ...encodeFields(),
    crf: z._default(z.number().check(z.minimum(0), z.maximum(51)), 17),
    ffmpeg: z._default(z.string().check(z.minLength(1)), 'ffmpeg'),
  });
}

function ffmpegArguments(frame: Frame, { fps, crf }: ResolvedMp4Options, output: string): string[] {
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgba',
    '-s',
    `${frame.width}x${frame.height}`,
    '-r',
    String(fps),
  ];
  // ffmpeg would convert with BT.601 and say nothing of it; players take unmarked video for BT.709 and tint it.
  const color = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv420p'];
  const tags = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  const codec = ['-c:v', 'libx264', '-preset', 'medium', '-crf', String(crf)];
  // `file:` keeps a name such as `http:x` or `-y` from being read as anything but a file.
  const target = ['-movflags', '+faststart', '-f', 'mp4', '-y', `file:${output}`];
  const general = ['-hide_banner', '-loglevel', 'error', '-nostats'];
  return [...general, ...input, '-i', 'pipe:0', ...color, ...tags, ...codec, ...target];
}

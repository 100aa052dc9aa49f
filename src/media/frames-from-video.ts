import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Frame } from './frame.js';
import { keptFrames } from './kept-frames.js';
import type { PictureLimits } from './picture-limits.js';
import { picturePixels } from './picture-pixels.js';
import { readFields } from './read-options.js';
import type { ResizeOptions } from './resize.js';

/** Options of {@link framesFromVideo}. */
export interface VideoFramesOptions extends ResizeOptions, PictureLimits {
  /** Frames to take of each second. Default 8. */
  fps?: number | undefined;
  /** Frames to take; fewer when the video ends before. Default: to the end, at most 1024. */
  numFrames?: number | undefined;
  /** Seconds into the video at which to begin. Default 0. */
  start?: number | undefined;
  /** Stops between two frames, and while one is waited for; rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The part of an `HTMLVideoElement` that is used. */
export interface VideoElement {
  /** Where it stands, in seconds; setting it seeks. */
  currentTime: number;
  /** Length in seconds. */
  readonly duration: number;
  /** 1 and more: its size and length are known; 2 and more: there is a picture. */
  readonly readyState: number;
  /** Whether a seek is under way. */
  readonly seeking: boolean;
  /** Pixels. */
  readonly videoWidth: number;
  /** Pixels. */
  readonly videoHeight: number;
  /** What went wrong with it. */
  readonly error: { readonly message: string } | null;
  /** How much the browser loads before it is asked to; becomes `auto`. */
  preload: string;
  /** Stops it from going on. */
  pause(): void;
  /** As every element's. */
  addEventListener(type: string, listener: () => void): void;
  /** As every element's. */
  removeEventListener(type: string, listener: () => void): void;
}

/**
 * Frames of a `<video>` at an even pace, to animate them: it is paused and sought to the middle of each frame's time,
 * and afterwards to where it stood. A video of another origin must be loaded with CORS (`crossOrigin`).
 * @throws `invalid-options` for wrong options; `weights-format` when the video cannot be played, or its pixels not be
 * read; `unsupported` for what is too large or has no end; or the signal's reason.
 */
export async function framesFromVideo(
  video: VideoElement,
  options?: VideoFramesOptions | undefined,
): Promise<Frame[]> {
  const { maxFrames, fps: rate, ...fields } = readFields();
  const schema = z.strictObject({
    ...fields,
    fps: z._default(z.number().check(z.gt(0), z.lte(1000)), 8),
    numFrames: maxFrames,
    start: z._default(z.number().check(z.gte(0)), 0),
  });
  const { fps, numFrames, start, signal, ...limits } = checkOptions<ResolvedVideoOptions>(
    schema,
    options,
    'framesFromVideo',
  );
  const kept = keptFrames('the video', { ...limits, maxFrames: numFrames });
  if (video.readyState < 1) {
    video.preload = 'auto';
    await event(video, 'loadedmetadata', signal);
  }
  const { duration, currentTime: before } = video;
  if (!Number.isFinite(duration)) {
    throw new AnimateDiffError(
      'unsupported',
      'framesFromVideo: the video has no end, so there is nothing to seek in',
    );
  }
  video.pause();
  try {
    for (let index = 0; !kept.full; index++) {
      const time = start + (index + 0.5) / fps;
      if (time >= duration) break;
      await seek(video, time, signal);
      kept.keep(picturePixels(video, 'the video', limits.maxPixels));
    }
  } finally {
    video.currentTime = before;
  }
  if (kept.frames.length === 0) {
    throw new AnimateDiffError(
      'invalid-options',
      `framesFromVideo: start ${start} leaves no frame of ${duration} seconds`,
    );
  }
  return [...kept.frames];
}

interface ResolvedVideoOptions extends ResizeOptions {
  readonly fps: number;
  readonly numFrames: number;
  readonly start: number;
  readonly maxPixels: number;
  readonly maxTotalPixels: number;
  readonly signal?: AbortSignal | undefined;
}

async function seek(video: VideoElement, time: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const arrived = event(video, 'seeked', signal);
  video.currentTime = time;
  await arrived;
  if (video.readyState < 2) await event(video, 'loadeddata', signal);
}

function event(video: VideoElement, type: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => (): void => {
      for (const [name, listener] of listeners) video.removeEventListener(name, listener);
      signal?.removeEventListener('abort', aborted);
      settle();
    };
    const aborted = done(() => reject(signal?.reason));
    const failed = done(() => {
      const why = video.error?.message || 'the browser cannot play it';
      reject(new AnimateDiffError('weights-format', `the video cannot be read: ${why}`));
    });
    const listeners: [string, () => void][] = [
      [type, done(resolve)],
      ['error', failed],
    ];
    for (const [name, listener] of listeners) video.addEventListener(name, listener);
    signal?.addEventListener('abort', aborted);
    if (video.error) failed();
  });
}

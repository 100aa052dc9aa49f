import { resolve } from 'node:path';
import { runFfmpeg } from './ffmpeg-node.js';
import type { Frame } from './frame.js';
import { pamFrames } from './pam-stream.js';
import { brokenPicture } from './picture-limits.js';

/** What ffmpeg is to read. */
export interface FfmpegFrames {
  readonly path: string;
  /** Program to start. */
  readonly ffmpeg: string;
  readonly maxPixels: number;
  readonly maxFrames: number;
  readonly fps: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Containers that hold nothing but pictures and sound. Playlists and scripts, which name other files, are not among them. */
const containers = [
  ...[
    'mov',
    'mp4',
    'matroska',
    'webm',
    'avi',
    'flv',
    'asf',
    'mpegts',
    'mpeg',
    'ogg',
    'gif',
    'apng',
    'ivf',
    'mxf',
    'nut',
  ],
  ...['h264', 'hevc', 'mjpeg', 'm4v', 'yuv4mpegpipe'],
  ...['webp_pipe', 'bmp_pipe', 'tiff_pipe', 'png_pipe', 'jpeg_pipe', 'jpegxl_pipe', 'ppm_pipe', 'tga_pipe'],
];

/**
 * Gives a video's frames, or another picture's, as they are decoded. `take` returns false when it wants no more.
 * @throws `unsupported` without ffmpeg, `weights-format` that names the file when ffmpeg cannot read it.
 */
export async function ffmpegFrames(request: FfmpegFrames, take: (frame: Frame) => boolean): Promise<void> {
  const { path, ffmpeg, maxPixels, signal } = request;
  let count = 0;
  try {
    await runFfmpeg({
      program: ffmpeg,
      args: readArguments(request),
      purpose: `to read ${path}, which is neither PNG nor JPEG nor GIF,`,
      otherwise: 'give its frames as PNG or JPEG files.',
      signal,
      async receive(output) {
        for await (const frame of pamFrames(output, path, maxPixels)) {
          count++;
          if (!take(frame)) break;
        }
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    const { code, message } = error as { code?: unknown; message: string };
    if (code === 'backend') brokenPicture(path, message, error);
    throw error;
  }
  if (count === 0) brokenPicture(path, 'ffmpeg found no picture in it');
}

function readArguments({ path, maxPixels, maxFrames, fps }: FfmpegFrames): string[] {
  const general = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-nostats'];
  // A file of a stranger reaches no network and no other file; `file:` keeps a name such as `http:x` from being a URL.
  const careful = ['-protocol_whitelist', 'file', '-format_whitelist', containers.join()];
  const input = ['-max_pixels', String(maxPixels), '-i', `file:${resolve(path)}`];
  const pictures = ['-map', '0:v:0', '-frames:v', String(maxFrames)];
  // Without a rate each frame comes once: new times at an even pace leave nothing to repeat or drop.
  const rate = fps === undefined ? ['-vf', 'setpts=N/25/TB', '-r', '25'] : ['-vf', `fps=${fps}`];
  return [
    ...general,
    ...careful,
    ...input,
    ...pictures,
    ...rate,
    '-pix_fmt',
    'rgba',
    '-c:v',
    'pam',
    '-f',
    'image2pipe',
    'pipe:1',
  ];
}

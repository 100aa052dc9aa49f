import type { VideoCodec } from 'mediabunny';
import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import { eachFrame } from './each-frame.js';
import { type EncodeOptions, encodeFields, type ResolvedEncodeOptions } from './encode-options.js';
import { toEvenSize } from './even-size.js';
import { checkFrames, type Frame } from './frame.js';
import { frameDelays } from './frame-delays.js';
import type { MediaEncoder } from './media-encoder.js';

/** How the pictures of an MP4 are compressed: H.264, VP9 or AV1. */
export type Mp4Codec = 'avc' | 'vp9' | 'av1';

/** Options of {@link encodeMp4}. `loop` is accepted and has no effect: an MP4 cannot say it. */
export interface Mp4Options extends EncodeOptions {
  /** See {@link Mp4Codec}. Default: the first of `avc`, `vp9` and `av1` that the browser can write. Every player knows `avc`. */
  codec?: Mp4Codec | undefined;
  /** Bits a second. Default: half a bit for each pixel of each frame, at which differences are hard to see; at least 200 000. */
  bitrate?: number | undefined;
}

/**
 * Frames as an MP4 video, by the browser's own encoders (WebCodecs) on a page or in a worker, with its index at the front so
 * that it plays while it downloads. Every frame is shown for exactly one part in `fps` of a second. An odd side grows by
 * one pixel; alpha is ignored.
 *
 * @returns The file's bytes (`video/mp4`).
 * @throws `unsupported` where the browser has no encoder for it; `backend` when the encoder fails; `invalid-options` for bad
 * options or frames.
 */
export async function encodeMp4(
  frames: readonly Frame[],
  options?: Mp4Options,
): Promise<Uint8Array<ArrayBuffer>> {
  const resolved = checkOptions<ResolvedMp4Options>(mp4Schema(), options, 'encodeMp4');
  checkFrames(frames, 'MP4', 16384);
  const { fps, signal } = resolved;
  // Refuses rates that no player follows; mediabunny counts the delays.
  frameDelays(1, fps, { format: 'MP4', perSecond: 1000, min: 1, max: 100_000 });
  signal?.throwIfAborted();
  if (!('VideoEncoder' in globalThis)) throw noEncoder('this browser has no WebCodecs on this page');
  const { BufferTarget, Mp4OutputFormat, Output, VideoSample, VideoSampleSource } = await import(
    'mediabunny'
  );
  const encoding = await encodingOf(toEvenSize(frames[0]!), resolved);
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const track = new VideoSampleSource(encoding);
  output.addVideoTrack(track, { frameRate: fps });
  try {
    await output.start();
    await eachFrame(frames, resolved, async (frame, index) => {
      const { width, height, data } = toEvenSize(frame);
      const sample = new VideoSample(data as Uint8ClampedArray<ArrayBuffer>, {
        format: 'RGBX',
        codedWidth: width,
        codedHeight: height,
        timestamp: index / fps,
        duration: 1 / fps,
      });
      try {
        await track.add(sample).catch(encoderFailed);
      } finally {
        sample.close();
      }
    });
    await output.finalize().catch(encoderFailed);
  } catch (error) {
    await output.cancel().catch(() => {});
    throw error;
  }
  return new Uint8Array(target.buffer!);
}

/** MP4 for `encoderForPath`, where a browser may offer it. */
export const mp4Encoder: MediaEncoder = {
  name: 'MP4',
  endings: ['.mp4', '.m4v'],
  mediaType: 'video/mp4',
  encode: (frames, options) => encodeMp4(frames, options),
};

interface ResolvedMp4Options extends ResolvedEncodeOptions {
  readonly codec?: Mp4Codec | undefined;
  readonly bitrate?: number | undefined;
}

const codecs = ['avc', 'vp9', 'av1'] as const satisfies readonly VideoCodec[];

function mp4Schema(): z.ZodMiniType<ResolvedMp4Options> {
  return z.strictObject({
    ...encodeFields(),
    codec: z.optional(z.enum(codecs)),
    bitrate: z.optional(z.number().check(z.gte(1000), z.lte(1e9))),
  });
}

async function encodingOf(
  { width, height }: Frame,
  { codec: wanted, fps, bitrate: given }: ResolvedMp4Options,
): Promise<{ codec: Mp4Codec; bitrate: number }> {
  const { canEncodeVideo } = await import('mediabunny');
  const bitrate = Math.round(given ?? Math.max(leastBitrate, 0.5 * width * height * fps));
  const considered = wanted === undefined ? codecs : [wanted];
  for (const codec of considered) {
    if (await canEncodeVideo(codec, { width, height, bitrate, frameRate: fps })) return { codec, bitrate };
  }
  const names = considered.join(', ');
  throw noEncoder(`this browser has no encoder of ${names} for ${width}×${height} at ${fps} frames a second`);
}

/**
 * Encoders write the lowest level that a bit rate fits into (H.264, table A-1). Below this that is level 1b, which Chromium's
 * decoder in scripts does not know.
 */
const leastBitrate = 200_000;

function noEncoder(why: string): AnimateDiffError {
  return new AnimateDiffError(
    'unsupported',
    `MP4: ${why}. Write an animated .webp, .gif or .apng, which work everywhere.`,
  );
}

function encoderFailed(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new AnimateDiffError('backend', `MP4: the browser's encoder failed: ${why}`, { cause });
}

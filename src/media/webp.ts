import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { changedRectangle, crop } from './changed-rectangle.js';
import { eachFrame } from './each-frame.js';
import { type EncodeOptions, encodeFields, type ResolvedEncodeOptions } from './encode-options.js';
import { checkFrames, type Frame, isOpaque } from './frame.js';
import { frameDelays } from './frame-delays.js';
import { createWebpEncoder } from './webp-encoder.js';
import { muxWebp, type WebpFrame } from './webp-riff.js';

/** Options of {@link encodeWebp}. */
export interface WebpOptions extends EncodeOptions {
  /**
   * 0 to 100, default 85. Lossy: quality of the picture. Lossless: effort, which costs time and saves bytes.
   */
  quality?: number | undefined;
  /** Keep every pixel exactly, at several times the size. Default false. */
  lossless?: boolean | undefined;
  /**
   * The bytes of `@jsquash/webp/codec/enc/webp_enc_simd.wasm`, for hosts where the encoder cannot find them itself.
   */
  wasm?: Uint8Array | undefined;
}

/**
 * Frames as an animated WebP; a single frame becomes a still WebP. What does not change from one frame to the next is
 * stored once.
 *
 * @returns The file's bytes (`image/webp`).
 * @throws `invalid-options` for bad options or frames (a side is at most 16383 pixels); `unsupported` where the
 * WebAssembly encoder cannot start.
 */
export async function encodeWebp(frames: readonly Frame[], options?: WebpOptions): Promise<Uint8Array> {
  const resolved = checkOptions<ResolvedWebpOptions>(webpSchema(), options, 'encodeWebp');
  const { signal, fps, loop } = resolved;
  const size = checkFrames(frames, 'WebP', 16383);
  // Browsers show frames of 10 ms and less for 100 ms.
  const delays = frameDelays(frames.length, fps, { format: 'WebP', perSecond: 1000, min: 11, max: 0xffffff });
  signal?.throwIfAborted();
  const encoder = await createWebpEncoder(resolved.wasm);
  const encoded: WebpFrame[] = [];
  await eachFrame(frames, resolved, (frame, index) => {
    const before = frames[index - 1];
    const area = before === undefined ? { x: 0, y: 0, ...size } : changedRectangle(before, frame, 2);
    const still = encoder.encode(before === undefined ? frame : crop(frame, area), resolved);
    encoded.push({ area, milliseconds: delays[index] ?? 0, still });
  });
  const first = encoded[0];
  if (first !== undefined && encoded.length === 1) return first.still;
  return muxWebp({ ...size, loop, alpha: !frames.every(isOpaque) }, encoded);
}

interface ResolvedWebpOptions extends ResolvedEncodeOptions {
  readonly quality: number;
  readonly lossless: boolean;
  readonly wasm?: Uint8Array | undefined;
}

function webpSchema(): z.ZodMiniType<ResolvedWebpOptions> {
  return z.strictObject({
    ...encodeFields(),
    quality: z._default(z.number().check(z.minimum(0), z.maximum(100)), 85),
    lossless: z._default(z.boolean(), false),
    wasm: z.optional(z.instanceof(Uint8Array)),
  });
}

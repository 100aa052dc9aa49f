import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { eachFrame } from './each-frame.js';
import { type EncodeOptions, encodeFields, type ResolvedEncodeOptions } from './encode-options.js';
import { checkFrames, type Frame } from './frame.js';
import { frameDelays } from './frame-delays.js';
import { type GifDither, makeIndexer } from './gif-dither.js';
import { choosePalette, opaqueFrom } from './gif-palette.js';
import { gifWriter } from './gif-writer.js';

/** Options of {@link encodeGif}. */
export interface GifOptions extends EncodeOptions {
  /** How missing colours are imitated, see {@link GifDither}. Default `ordered`. */
  dither?: GifDither | undefined;
  /**
   * Entries of the colour table, 4 to 256 (default). One of them stands for "unchanged" in an animation and for
   * transparent pixels. Fewer entries make smaller files.
   */
  colors?: number | undefined;
  /**
   * `global` (default): one table for all frames, so colours do not shift from frame to frame. `per-frame`: each frame
   * has its own; truer for cuts between different scenes, 768 bytes a frame larger, and it may flicker.
   */
  palette?: 'global' | 'per-frame' | undefined;
}

/**
 * Frames as an animated GIF. At most 256 colours: with no more than that in all frames together the result is exact.
 * Pixels are drawn (alpha 128 and above) or transparent.
 *
 * Delays are hundredths of a second, and browsers show anything below 2 as 10, so `fps` is at most 50. See
 * {@link EncodeOptions.fps} for the rounding.
 *
 * @returns The file's bytes (`image/gif`).
 * @throws `invalid-options` for bad options or frames, see `checkFrames`.
 */
export async function encodeGif(frames: readonly Frame[], options?: GifOptions): Promise<Uint8Array> {
  const resolved = checkOptions<ResolvedGifOptions>(gifSchema(), options, 'encodeGif');
  const { fps, loop, dither, colors, palette } = resolved;
  const size = checkFrames(frames, 'GIF', 65535);
  const delays = frameDelays(frames.length, fps, { format: 'GIF', perSecond: 100, min: 2, max: 65535 });
  const seeThrough = frames.some(hasTransparency);
  const transparency = seeThrough || frames.length > 1;
  const visible = transparency ? colors - 1 : colors;
  resolved.signal?.throwIfAborted();
  const shared = palette === 'global' ? await choosePalette(frames, visible) : undefined;
  const sharedIndexer = shared && makeIndexer(shared, dither);
  const writer = gifWriter({ ...size, loop, transparency, between: seeThrough ? 'clear' : 'keep' });
  await eachFrame(frames, resolved, async (frame, index) => {
    const own = shared ?? (await choosePalette([frame], visible));
    const toIndexes = sharedIndexer ?? makeIndexer(own, dither);
    writer.add({ indexes: toIndexes(frame), colors: own.colors, hundredths: delays[index] ?? 0 });
  });
  return writer.finish();
}

interface ResolvedGifOptions extends ResolvedEncodeOptions {
  readonly dither: GifDither;
  readonly colors: number;
  readonly palette: 'global' | 'per-frame';
}

function gifSchema(): z.ZodMiniType<ResolvedGifOptions> {
  return z.strictObject({
    ...encodeFields(),
    dither: z._default(z.enum(['floyd-steinberg', 'ordered', 'none']), 'ordered'),
    colors: z._default(z.int().check(z.minimum(4), z.maximum(256)), 256),
    palette: z._default(z.enum(['global', 'per-frame']), 'global'),
  });
}

function hasTransparency({ data }: Frame): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i]! < opaqueFrom) return true;
  return false;
}

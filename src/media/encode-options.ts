import type { ZodMiniType } from 'zod/mini';
import * as z from 'zod/mini';

/** How far an encoder is. */
export interface EncodeProgress {
  /** Frames encoded so far, from 1 to `total`. */
  readonly done: number;
  /** Frames to encode. */
  readonly total: number;
}

/** Receives {@link EncodeProgress}. What it throws rejects the encoding. */
export type OnEncodeProgress = (progress: EncodeProgress) => void;

/** Options that every animation format understands. */
export interface EncodeOptions {
  /**
   * Frames per second, above 0. Default 8, the rate AnimateDiff was trained at. Formats that count whole
   * hundredths (GIF) or thousandths (WebP) of a second round each frame's *end*, so that durations differ by one unit
   * but the whole never drifts.
   */
  fps?: number | undefined;
  /** How often the animation plays; 0, the default, is for ever. At most 65535. */
  loop?: number | undefined;
  /** Stops between two frames; the promise rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** Called after each frame. */
  onProgress?: OnEncodeProgress | undefined;
}

/** {@link EncodeOptions} with the defaults filled in. */
export interface ResolvedEncodeOptions {
  readonly fps: number;
  readonly loop: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnEncodeProgress | undefined;
}

/** Schemas of {@link EncodeOptions}, to be spread into each format's own schema. */
export type EncodeFields = {
  [Name in keyof ResolvedEncodeOptions]: ZodMiniType<ResolvedEncodeOptions[Name]>;
};

/** Makes the {@link EncodeFields}. A function, since a schema built at import could not be dropped by a bundler. */
export function encodeFields(): EncodeFields {
  return {
    fps: z._default(z.number().check(z.positive()), 8),
    loop: z._default(z.int().check(z.minimum(0), z.maximum(65535)), 0),
    signal: z.optional(z.custom<AbortSignal>(isSignal, 'must be an AbortSignal')),
    onProgress: z.optional(
      z.custom<OnEncodeProgress>((it) => typeof it === 'function', 'must be a function'),
    ),
  };
}

// Not `instanceof`: a signal may come from another realm or a polyfill.
function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/**
 * How the noise of one frame relates to that of others.
 *
 * - `default`: every frame has its own.
 * - `constant`: all frames have the noise of the first.
 * - `repeated`: the first `length` frames' noise, over and over.
 * - `shuffled`: as `repeated`, each further block in a new random order.
 * - `freeNoise`: each further `stride` frames are, in a random order, those that lie `length` frames back; meant for
 *   windows of `length` frames that move by `stride` (Qiu et al., "FreeNoise: Tuning-Free Longer Video Diffusion via
 *   Noise Rescheduling", 2023).
 */
export type StartNoiseKind = 'default' | 'constant' | 'repeated' | 'shuffled' | 'freeNoise';

/**
 * In which order one seed's numbers fill the latents, so that a seed gives the noise it gives elsewhere (on the CPU).
 *
 * - `torch`: one draw of `[1, channels, frames, height, width]`: the original AnimateDiff and diffusers.
 * - `comfyui`: one draw of `[frames, channels, height, width]`: ComfyUI.
 * - `a1111`: a draw of `[1, channels, height, width]` a frame, with seed, seed + 1, …: AUTOMATIC1111's web UI.
 */
export type NoiseOrder = 'torch' | 'comfyui' | 'a1111';

/** Start noise of a generation. */
export interface StartNoise {
  /** Default `default`. */
  kind?: StartNoiseKind | undefined;
  /** Frames that have noise of their own. Default 16, the length of a context window. For `repeated`, `shuffled` and `freeNoise`. */
  length?: number | undefined;
  /** Frames by which windows move, at most `length`; ComfyUI's context length less its overlap. Default 4. For `freeNoise`. */
  stride?: number | undefined;
  /** Default `torch`; `a1111` where `frameSeeds` are given. */
  order?: NoiseOrder | undefined;
  /** A seed for every frame, in place of seed, seed + 1, … Integers from 0 to 2 ** 53 - 1, as many as frames. */
  frameSeeds?: readonly number[] | undefined;
}

/** {@link StartNoise} with defaults filled in. */
export interface ResolvedStartNoise {
  readonly kind: StartNoiseKind;
  readonly length: number;
  readonly stride: number;
  readonly order: NoiseOrder;
  readonly frameSeeds?: readonly number[] | undefined;
}

const defaultLength = 16;
const defaultStride = 4;

/** A schema of {@link StartNoise} that leaves out nothing and fills in nothing. */
export function startNoiseSchema(): z.ZodMiniType<StartNoise> {
  const count = z.int().check(z.gte(1));
  return z
    .strictObject({
      kind: z.optional(z.enum(['default', 'constant', 'repeated', 'shuffled', 'freeNoise'])),
      length: z.optional(count),
      stride: z.optional(count),
      order: z.optional(z.enum(['torch', 'comfyui', 'a1111'])),
      frameSeeds: z.optional(z.array(z.int().check(z.gte(0))).check(z.minLength(1))),
    })
    .check(
      z.refine(({ kind, length }) => length === undefined || hasLength(kind), {
        path: ['length'],
        error: "is for kind 'repeated', 'shuffled' or 'freeNoise'; leave it out",
      }),
      z.refine(({ kind, stride }) => stride === undefined || kind === 'freeNoise', {
        path: ['stride'],
        error: "is for kind 'freeNoise'; leave it out",
      }),
      z.refine(({ length = defaultLength, stride = 1 }) => stride <= length, {
        path: ['stride'],
        error: `must be at most length (${defaultLength} unless given)`,
      }),
      z.refine(({ order, frameSeeds }) => frameSeeds === undefined || (order ?? 'a1111') === 'a1111', {
        path: ['frameSeeds'],
        error: "draw each frame by itself, which is order 'a1111'; leave order out",
      }),
    );
}

/** Checks the options and fills in defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveStartNoise(options: StartNoise | undefined): ResolvedStartNoise {
  const checked = checkOptions<StartNoise>(startNoiseSchema(), options, 'noise');
  const { kind = 'default', length = defaultLength, frameSeeds } = checked;
  const { stride = Math.min(defaultStride, length) } = checked;
  const { order = frameSeeds === undefined ? 'torch' : 'a1111' } = checked;
  return { kind, length, stride, order, frameSeeds };
}

function hasLength(kind: StartNoiseKind | undefined): boolean {
  return kind === 'repeated' || kind === 'shuffled' || kind === 'freeNoise';
}

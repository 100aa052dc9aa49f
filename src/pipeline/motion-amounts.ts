import * as z from 'zod/mini';
import { float32Tensor, type Tensor } from '../core/tensor.js';
import { motionModuleCount, type UnetConfig } from '../models/unet-config.js';
import { invalid } from './component-options.js';

/** One number, or one for each frame. */
export type FrameAmounts = number | readonly number[];

/** Amounts by the UNet's blocks; what is not given is 1. */
export interface BlockAmounts {
  /** Of the modules on the way down. */
  readonly down?: FrameAmounts | undefined;
  /** Of the one in the middle. */
  readonly mid?: FrameAmounts | undefined;
  /** Of the modules on the way up. */
  readonly up?: FrameAmounts | undefined;
}

/** How strongly motion modules act: everywhere alike, by frame, or by block. */
export type MotionAmount = FrameAmounts | BlockAmounts;

/** Schema of a {@link MotionAmount}. */
export function motionAmountSchema(): z.ZodMiniType<MotionAmount> {
  const amounts = z.union([z.number(), z.array(z.number()).check(z.minLength(1))]);
  const part = z.optional(amounts);
  return z.union([amounts, z.strictObject({ down: part, mid: part, up: part })], {
    error: 'expected a number, a list of one number a frame, or an object of them by block (down, mid, up)',
  });
}

/** The frames of a {@link MotionAmount} that a window sees. */
export function motionAmountAt(amount: MotionAmount, frames: readonly number[]): MotionAmount {
  const pick = (each: FrameAmounts): FrameAmounts =>
    typeof each === 'number' ? each : frames.map((frame) => each[frame]!);
  if (typeof amount === 'number' || Array.isArray(amount)) return pick(amount as FrameAmounts);
  const blocks = Object.entries(amount as BlockAmounts).map(
    ([name, each]: [string, FrameAmounts | undefined]) => [name, each === undefined ? each : pick(each)],
  );
  return Object.fromEntries(blocks) as BlockAmounts;
}

/** @throws `invalid-options` when a list has another length than there are frames. */
export function checkMotionAmount(name: string, amount: MotionAmount, frames: number): void {
  const lists = typeof amount === 'object' && !Array.isArray(amount) ? Object.values(amount) : [amount];
  const wrong = lists.find((each) => Array.isArray(each) && each.length !== frames);
  if (wrong !== undefined) {
    invalid(`${name}: expected one number a frame, ${frames}, got ${(wrong as number[]).length}`);
  }
}

/**
 * The motion inputs of a run.
 * @param effect Factor of what the modules add, 1 as trained (`effect` of AnimateDiff-Evolved).
 * @param scale Factor of the temporal attention's keys, 1 as trained (`scale` there).
 * @throws `invalid-options` when a list has another length than there are frames.
 */
export function motionFeeds(
  config: UnetConfig,
  { batch, frames }: { readonly batch: number; readonly frames: number },
  effect: MotionAmount,
  scale: MotionAmount,
): Record<string, Tensor> {
  checkMotionAmount('motionEffect', effect, frames);
  checkMotionAmount('motionScale', scale, frames);
  const modules = motionModuleCount(config);
  const effects = new Float32Array(modules * batch * frames);
  const scales = new Float32Array(modules * frames);
  for (let module = 0; module < modules; module++) {
    for (let frame = 0; frame < frames; frame++) {
      scales[module * frames + frame] = amountOf(scale, blockOf(config, module), frame);
      const amount = amountOf(effect, blockOf(config, module), frame);
      for (let clip = 0; clip < batch; clip++) effects[(module * batch + clip) * frames + frame] = amount;
    }
  }
  return {
    motion_effect: float32Tensor(effects, [modules, batch, frames]),
    motion_scale: float32Tensor(scales, [modules, frames]),
  };
}

function blockOf({ blockOutChannels, layersPerBlock }: UnetConfig, module: number): keyof BlockAmounts {
  const middle = blockOutChannels.length * layersPerBlock;
  if (module < middle) return 'down';
  return module === middle ? 'mid' : 'up';
}

function amountOf(amount: MotionAmount, block: keyof BlockAmounts, frame: number): number {
  const ofBlock =
    typeof amount === 'object' && !Array.isArray(amount) ? ((amount as BlockAmounts)[block] ?? 1) : amount;
  return typeof ofBlock === 'number' ? ofBlock : (ofBlock as readonly number[])[frame]!;
}

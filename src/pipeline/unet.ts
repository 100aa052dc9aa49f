import { asFloat32, type Float32Tensor, float32Tensor, type Tensor } from '../core/tensor.js';
import { freeUFeeds } from '../models/nn/free-u.js';
import { type TimestepWaves, timestepWaves } from '../models/nn/time-embedding.js';
import type { Precision } from '../models/precision.js';
import { deepEntry } from '../models/shallow-unet.js';
import type { ViewOptions } from '../windows/view-options.js';
import type { ActiveAdapters } from './active-adapters.js';
import { type ComponentOptions, invalid } from './component-options.js';
import type { DeepFeatures } from './deep-cache.js';
import { type FreeUOptions, resolveFreeU } from './free-u-options.js';
import { type MotionAmount, motionFeeds } from './motion-amounts.js';
import type { Networks } from './networks.js';
import type { OpenedModel } from './opened-model.js';
import { unetFormOf } from './unet-form-of.js';
import { checkViews, viewFeeds } from './view-feeds.js';

/** What the denoising network is asked. */
export interface UnetInput {
  /** Noisy latents `[batch, 4, frames, height, width]`. */
  readonly sample: Float32Tensor;
  /** Position in the noise schedule, 0 to 999: of all frames, or one for each frame of a clip. */
  readonly timestep: number | readonly number[];
  /** Embeddings `[contexts, tokens, width]`, one for each clip or one for each frame of each clip. */
  readonly context: Float32Tensor;
  /** Factor of what the motion modules add. Default 1, and 0 for a single frame: the image model alone. */
  readonly motionEffect?: MotionAmount | undefined;
  /** Factor of the temporal attention's keys: more makes livelier movement. Default 1. */
  readonly motionScale?: MotionAmount | undefined;
  /**
   * Windows through which the motion modules see the frames, of which there may then be more than `maxFrames`. Default:
   * none. Changing between some and none loads the UNet again.
   */
  readonly viewWindows?: ViewOptions | undefined;
  /**
   * FreeU's factors; `true` for those that are recommended. Default: none. Changing between some and none, or the version,
   * loads the UNet again.
   */
  readonly freeU?: FreeUOptions | boolean | undefined;
  /**
   * Features that this evaluation keeps, or takes from an earlier one of the same frames and context, which must be of the
   * same size. Default: none. Changing between some and none, or the branch, loads the UNet again.
   */
  readonly deepFeatures?: DeepFeatures | undefined;
  /** Default: as the pipeline was loaded. Another one loads the UNet again. */
  readonly precision?: Precision | undefined;
  /** Share of the denoising steps that are done, from 0 to 1: where live adapters stand in their schedules. Default 0. */
  readonly progress?: number | undefined;
}

/** The denoising network. */
export interface Unet {
  /** Most frames in one call without `viewWindows`: the positions that the motion module has; 1 without one. */
  readonly maxFrames: number;
  /**
   * The predicted noise, in the sample's shape.
   * @throws `invalid-options` for shapes that do not fit each other or the model.
   */
  predict(input: UnetInput, options?: ComponentOptions): Promise<Float32Tensor>;
}

/** The denoising network of an opened model. */
export function unet(model: OpenedModel, nets: Networks, adapters: ActiveAdapters): Unet {
  const { inChannels, crossAttentionDim } = model.unet.config;
  const waves = { ...model.unet.config, size: model.unet.config.blockOutChannels[0]! };
  const maxFrames = model.motion?.config.maxFrames ?? 1;
  return {
    maxFrames,
    async predict(input, { signal, onProgress } = {}) {
      const { sample, timestep, context, progress = 0 } = input;
      const [batch = 0, channels, frames = 0, height = 0, width = 0] = sample.shape;
      if (sample.shape.length !== 5 || channels !== inChannels || width === 0) {
        invalid(
          `sample: expected [batch, ${inChannels}, frames, height, width], got [${sample.shape.join(', ')}]`,
        );
      }
      if (input.viewWindows) checkViews(input.viewWindows, model.motion);
      else checkFrameCount(frames, maxFrames, model.motion?.module.label);
      const [contexts = 0, , size] = context.shape;
      if (
        context.shape.length !== 3 ||
        size !== crossAttentionDim ||
        contexts === 0 ||
        (batch * frames) % contexts !== 0
      ) {
        invalid(
          `context: expected [${batch} or ${batch * frames}, tokens, ${crossAttentionDim}], got [${context.shape.join(', ')}]`,
        );
      }
      // Copies: a backend may take the buffers of its feeds away.
      const feeds: Record<string, Tensor> = {
        sample: float32Tensor(sample.data.slice(), sample.shape),
        time: timeFeed(timestep, batch, frames, waves),
        context: float32Tensor(context.data.slice(), context.shape),
        ...adapters.feeds('unet', progress),
      };
      if (model.motion) {
        const { motionEffect = frames === 1 ? 0 : 1, motionScale = 1 } = input;
        Object.assign(feeds, motionFeeds(model.unet.config, { batch, frames }, motionEffect, motionScale));
      }
      if (input.viewWindows) Object.assign(feeds, viewFeeds(input.viewWindows, frames, maxFrames));
      const freeU = resolveFreeU(input.freeU);
      if (freeU) Object.assign(feeds, freeUFeeds(freeU.version, freeU, model.unet.config, { height, width }));
      const { deepFeatures: deep } = input;
      const images = [batch * frames, height, width] as const;
      const kept = deep && checkedFeatures(deep, model.unet.config, images);
      if (kept) feeds['deep_features'] = float32Tensor(kept.data.slice(), kept.shape);
      const form = unetFormOf(input);
      const network = kept ? 'unet_shallow' : 'unet';
      return nets.use(network, { signal, onProgress, form }, async (session) => {
        const { noise, deep_features: features } = await session.run(feeds, { signal });
        if (deep && !kept) deep.kept = asFloat32(features, 'deep_features');
        return asFloat32(noise, 'noise');
      });
    },
  };
}

/** The features that were kept, if there are any. @throws `invalid-options` for a branch or a size that does not fit. */
function checkedFeatures(
  { branch, kept }: DeepFeatures,
  config: OpenedModel['unet']['config'],
  [images, height, width]: readonly [number, number, number],
): Float32Tensor | undefined {
  const { channels } = deepEntry(config, branch, 'deepFeatures.branch');
  const expected = [images, channels, height, width].join(', ');
  if (kept !== undefined && kept.shape.join(', ') !== expected) {
    invalid(`deepFeatures.kept: expected [${expected}], got [${kept.shape.join(', ')}]`);
  }
  return kept;
}

/** Waves of a time for all images, `[1, size]`, or where frames differ, for each of them, `[batch * frames, size]`. */
function timeFeed(
  timestep: UnetInput['timestep'],
  batch: number,
  frames: number,
  waves: TimestepWaves,
): Float32Tensor {
  const times = typeof timestep === 'number' ? Array.from({ length: frames }, () => timestep) : timestep;
  if (times.length !== frames || !times.every(Number.isFinite)) {
    invalid(
      `timestep: expected a number, or one for each of the ${frames} frames, got [${times.join(', ')}]`,
    );
  }
  // One row gives what it always gave, to the bit; many rows may be multiplied in another order.
  const clip = times.every((time) => time === times[0]) ? times.slice(0, 1) : times;
  const rows = clip.length === 1 ? 1 : batch * frames;
  const data = new Float32Array(rows * waves.size);
  clip.forEach((time, frame) => {
    const row = timestepWaves(time, waves);
    for (let at = frame; at < rows; at += clip.length) data.set(row, at * waves.size);
  });
  return float32Tensor(data, [rows, waves.size]);
}

/** @throws `invalid-options` when a clip is longer than the motion module can see at once. */
export function checkFrameCount(frames: number, maxFrames: number, label: string | undefined): void {
  if (frames >= 1 && frames <= maxFrames) return;
  invalid(
    label === undefined
      ? `numFrames: ${frames} frames need a motion module; load one with the option 'motionModule', or ask for 1`
      : `numFrames: ${label} has positions for ${maxFrames} frames, got ${frames}; ask for 1 to ${maxFrames}`,
  );
}

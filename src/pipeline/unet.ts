import type { Feed, HeldTensor } from '../backends/backend.js';
import { asFloat32, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { freeUFeeds } from '../models/nn/free-u.js';
import { type TimestepWaves, timestepWaves } from '../models/nn/time-embedding.js';
import type { Precision } from '../models/precision.js';
import { deepEntry } from '../models/shallow-unet.js';
import type { ViewOptions } from '../windows/view-options.js';
import type { ActiveAdapters } from './active-adapters.js';
import { type ComponentOptions, invalid } from './component-options.js';
import type { DeepFeatures } from './deep-cache.js';
import type { FeedMemory } from './feed-memory.js';
import { type FreeUOptions, resolveFreeU } from './free-u-options.js';
import { copied } from './generation-state.js';
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
  /**
   * Embeddings `[contexts, tokens, width]`, one for each clip or one for each frame of each clip; or float32 ones that the
   * pipeline's backend holds.
   */
  readonly context: Float32Tensor | HeldTensor;
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

/** Options of {@link Unet.predict}. */
export interface PredictOptions extends ComponentOptions {
  /**
   * Keeps live adapters and deep features where the UNet runs, so that they are sent once for many calls, or never. Default:
   * all is sent with each call, and features are given back.
   */
  memory?: FeedMemory | undefined;
}

/** The denoising network. */
export interface Unet {
  /** Most frames in one call without `viewWindows`: the positions that the motion module has; 1 without one. */
  readonly maxFrames: number;
  /**
   * The predicted noise, in the sample's shape.
   * @throws `invalid-options` for shapes that do not fit each other or the model.
   */
  predict(input: UnetInput, options?: PredictOptions): Promise<Float32Tensor>;
  /** New memory for many calls, or `undefined` where the backend holds no tensors. Dispose it when they are over. */
  memory(): FeedMemory | undefined;
}

/** The denoising network of an opened model. */
export function unet(model: OpenedModel, nets: Networks, adapters: ActiveAdapters): Unet {
  const { inChannels, crossAttentionDim } = model.unet.config;
  const waves = { ...model.unet.config, size: model.unet.config.blockOutChannels[0]! };
  const maxFrames = model.motion?.config.maxFrames ?? 1;
  return {
    maxFrames,
    memory: nets.memory,
    async predict(input, { signal, onProgress, memory } = {}) {
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
      const feeds: Record<string, Feed> = {
        sample: copied(sample),
        time: timeFeed(timestep, batch, frames, waves),
        context: ownFeed(context),
        ...adapters.feeds('unet', progress, memory),
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
      const shape = deep && featureShape(deep, model.unet.config, images);
      const kept = deep?.held ?? deep?.kept;
      if (kept) feeds['deep_features'] = ownFeed(kept);
      const target = shape && !kept ? memory?.place({ type: 'float32', shape }) : undefined;
      const into = target && { deep_features: target };
      const form = unetFormOf(input);
      const network = kept ? 'unet_shallow' : 'unet';
      return nets.use(network, { signal, onProgress, form }, async (session) => {
        const { noise, deep_features: features } = await session.run(feeds, { signal, into });
        if (deep && target) deep.held = target;
        else if (deep && !kept) deep.kept = asFloat32(features, 'deep_features');
        return asFloat32(noise, 'noise');
      });
    },
  };
}

/** A feed of one's own: a backend may take the buffers of plain ones away. */
function ownFeed(tensor: Float32Tensor | HeldTensor): Float32Tensor | HeldTensor {
  return 'data' in tensor ? copied(tensor) : tensor;
}

/** The shape of deep features. @throws `invalid-options` for a branch or a size of kept ones that does not fit. */
function featureShape(
  { branch, kept, held }: DeepFeatures,
  config: OpenedModel['unet']['config'],
  [images, height, width]: readonly [number, number, number],
): readonly number[] {
  const { channels } = deepEntry(config, branch, 'deepFeatures.branch');
  const shape = [images, channels, height, width];
  const found = held ?? kept;
  if (found !== undefined && found.shape.join() !== shape.join()) {
    const name = held ? 'held' : 'kept';
    invalid(`deepFeatures.${name}: expected [${shape.join(', ')}], got [${found.shape.join(', ')}]`);
  }
  return shape;
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

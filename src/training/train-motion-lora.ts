import type { ModelSource } from '../core/source.js';
import { loraPart } from './lora-part.js';
import { type TrainingResult, trainUnet } from './train-unet.js';
import {
  type ClipTrainingOptions,
  clipFields,
  type ResolvedTraining,
  rankField,
  resolveTraining,
  sourceField,
} from './training-options.js';

/** Options of {@link trainMotionLora}. */
export interface MotionLoraOptions extends ClipTrainingOptions {
  /** The motion module that it is for; it stays as it is. */
  motionModule: ModelSource;
  /** Inner size of the changes. Default 64, as of the published ones. */
  rank?: number | undefined;
}

const what = 'trainMotionLora';

/** Checks the options and fills in the defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveMotionLora(options: MotionLoraOptions): ResolvedTraining<MotionLoraOptions> {
  return resolveTraining(what, options, {
    ...clipFields(),
    motionModule: sourceField(),
    rank: rankField(64),
  });
}

/**
 * Trains a MotionLoRA: a LoRA in the temporal attentions that learns one movement, such as a camera's, from 20 to 50 clips
 * (Guo et al. 2023, section 4.3). The file has the names of `v2_lora_ZoomIn.ckpt` and its like; `motionLora()` and other
 * programs load it.
 * @throws `invalid-options`, whatever loading the model throws, `numerics` when training diverges, or the signal's reason.
 */
export function trainMotionLora(options: MotionLoraOptions): Promise<TrainingResult> {
  const { motionModule, ...resolved } = resolveMotionLora(options);
  const { rank, seed } = resolved;
  return trainUnet({
    what,
    options: resolved,
    motionModule,
    settings: { rank },
    part: async (model) =>
      loraPart({
        weights: model.unet.weights,
        isTarget: (name) => /\.motion_modules\.\d+\..*\.attn[12]\.to_(?:q|k|v|out\.0)\.weight$/.test(name),
        rank,
        seed,
        what: 'temporal attentions to train in',
      }),
  });
}

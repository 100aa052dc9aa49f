import { loraPart } from './lora-part.js';
import { type TrainingResult, trainUnet } from './train-unet.js';
import {
  type ClipTrainingOptions,
  type ResolvedTraining,
  rankField,
  resolveTraining,
  type TrainingOptions,
} from './training-options.js';

/** Options of {@link trainDomainAdapter}. */
export interface DomainAdapterOptions extends TrainingOptions {
  /** Inner size of the changes. Default 128, as of the published adapter. */
  rank?: number | undefined;
}

const what = 'trainDomainAdapter';

/** Checks the options and fills in the defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveDomainAdapter(options: DomainAdapterOptions): ResolvedTraining<DomainAdapterOptions> {
  return resolveTraining(what, options, { rank: rankField(128) });
}

/**
 * Trains a domain adapter: a LoRA in the spatial attentions that learns how the frames of the clips look, one by one, so
 * that a motion module trained with it in place need not (Guo et al. 2023, section 4.1). The file has the names of
 * `v3_sd15_adapter.ckpt`; `domainAdapter()` and other programs load it.
 * @throws `invalid-options`, whatever loading the model throws, `numerics` when training diverges, or the signal's reason.
 */
export function trainDomainAdapter(options: DomainAdapterOptions): Promise<TrainingResult> {
  const resolved = resolveDomainAdapter(options);
  const { rank, seed } = resolved;
  const single: ResolvedTraining<ClipTrainingOptions> = { ...resolved, numFrames: 1, frameStride: 1 };
  return trainUnet({
    what,
    options: single,
    motionModule: undefined,
    settings: { rank },
    part: async (model) =>
      loraPart({
        weights: model.unet.weights,
        isTarget: (name) => /\.attentions\.\d+\..*\.attn[12]\.to_(?:q|k|v|out\.0)\.weight$/.test(name),
        rank,
        seed,
        what: 'spatial attentions to train in',
      }),
  });
}

import * as z from 'zod/mini';
import type { ModelSource } from '../core/source.js';
import { sinusoidalPositions } from '../models/frame-positions.js';
import { type OpenedModel, openModel } from '../pipeline/opened-model.js';
import { writeSafetensors } from '../weights/safetensors-writer.js';
import { namedTensor } from './lora-part.js';
import { newMotionModule } from './new-motion-module.js';
import { originalMotionName } from './original-names.js';
import { startValues } from './start-values.js';
import { type TrainedPart, type TrainingResult, trainUnet } from './train-unet.js';
import {
  type ClipTrainingOptions,
  clipFields,
  type ResolvedTraining,
  resolveTraining,
  sourceField,
} from './training-options.js';

/** Options of {@link trainMotionModule}. */
export interface MotionModuleOptions extends ClipTrainingOptions {
  /** A module to go on from. Default: a new one, which begins as if it were not there. */
  motionModule?: ModelSource | undefined;
  /** Most frames in a clip of a new module. Default 32, as of v3. */
  maxFrames?: number | undefined;
  /** Whether a new module has a part in the UNet's middle, as v2. Default false. */
  midBlock?: boolean | undefined;
}

const what = 'trainMotionModule';

/** Options with the defaults filled in; a module to go on from has none. */
type ResolvedMotionModule = ResolvedTraining<Omit<MotionModuleOptions, 'motionModule'>> &
  Pick<MotionModuleOptions, 'motionModule'>;

/** Checks the options and fills in the defaults. @throws `invalid-options` that lists everything that is wrong. */
export function resolveMotionModule(options: MotionModuleOptions): ResolvedMotionModule {
  return resolveTraining(what, options, {
    ...clipFields(),
    motionModule: z.optional(sourceField()),
    maxFrames: z._default(z.int().check(z.gte(1), z.lte(1024)), 32),
    midBlock: z._default(z.boolean(), false),
  });
}

/**
 * Trains a motion module while the image model stays as it is (Guo et al. 2023, section 4.2), with the domain adapter
 * among the `adapters` if there is one. The file has the original names; `AnimateDiffPipeline.load` and other programs
 * load it.
 * @throws `invalid-options`, whatever loading the model throws, `numerics` when training diverges, or the signal's reason.
 */
export async function trainMotionModule(options: MotionModuleOptions): Promise<TrainingResult> {
  const { motionModule, maxFrames, midBlock, ...resolved } = resolveMotionModule(options);
  const { seed } = resolved;
  const module: ModelSource | undefined = motionModule;
  return trainUnet({
    what,
    options: resolved,
    motionModule: module ?? newMotionModule(await unetConfig(options), { maxFrames, midBlock, seed }),
    settings: module === undefined ? { maxFrames, midBlock } : {},
    part: wholeModule,
  });
}

async function unetConfig({
  checkpoint,
  vae,
  signal,
}: MotionModuleOptions): Promise<OpenedModel['unet']['config']> {
  const model = await openModel({ checkpoint, vae, signal }, () => undefined);
  await model.close();
  return model.unet.config;
}

const positions = '.pos_embed.pe';

/** All weights of the module but the frames' positions, which are no weights. */
async function wholeModule({ unet, motion }: OpenedModel): Promise<TrainedPart> {
  const { maxFrames } = motion!.config;
  const { weights } = unet;
  const names = [...weights.names]
    .filter((name) => name.includes('motion_modules.') && !name.endsWith(positions))
    .sort();
  return {
    start: await startValues(weights, names),
    file: (valuesOf) =>
      writeSafetensors(
        names.flatMap((name) => {
          const tensor = namedTensor(originalMotionName(name), valuesOf(name));
          const attention = /^(.*\.(?:attn1|attn2))\.to_q\.weight$/.exec(name)?.[1];
          if (attention === undefined) return [tensor];
          const [channels = 0] = weights.shape(name)!;
          const table = { shape: [1, maxFrames, channels], values: sinusoidalPositions(maxFrames, channels) };
          return [tensor, namedTensor(originalMotionName(`${attention}.pos_encoder.pe`), table)];
        }),
      ),
  };
}

import { AnimateDiffError } from '../core/errors.js';
import type { ModelSource } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import { type ClipTextConfig, readClipTextConfig } from '../models/clip-text-config.js';
import { combinedWeights } from '../models/combined-weights.js';
import type { JsonConfig } from '../models/config-fields.js';
import { withFramePositions } from '../models/frame-positions.js';
import { storeWeights } from '../models/store-weights.js';
import {
  type MotionConfig,
  type MotionGroupNorm,
  readMotionConfig,
  readUnetConfig,
  type UnetConfig,
} from '../models/unet-config.js';
import { readVaeConfig, type VaeConfig } from '../models/vae-config.js';
import type { WeightSource } from '../models/weight-source.js';
import { type Checkpoint, openCheckpoint } from '../weights/checkpoint.js';
import type { ComponentWeights } from '../weights/checkpoint-component.js';
import { type MotionModule, openMotionModule } from '../weights/motion-module.js';
import { openVae } from '../weights/vae.js';
import type { ModelOptions } from './load-options.js';

/** A network of an opened model: its shape and where its weights are. */
export interface OpenedNetwork<Config> {
  readonly config: Config;
  readonly weights: WeightSource;
}

/** All files of a model, opened and checked to fit together; no weight has been read. */
export interface OpenedModel {
  readonly label: string;
  readonly checkpoint: Checkpoint;
  readonly unet: OpenedNetwork<UnetConfig>;
  readonly vae: OpenedNetwork<VaeConfig>;
  readonly textEncoder: OpenedNetwork<ClipTextConfig>;
  readonly motion: { readonly module: MotionModule; readonly config: MotionConfig } | undefined;
  /** Side of the images that the model was trained on, in pixels. */
  readonly nativeSize: number;
  readonly warnings: readonly Warning[];
  /** Closes all files; reading again opens them again. */
  close(): Promise<void>;
}

/**
 * Opens the files of a model.
 * @param onWarning Told what is found while weights are read, later.
 * @throws `weights-format`, `weights-mismatch`, `unsupported`; everything opened before is closed then.
 */
export async function openModel(
  options: ModelOptions,
  onWarning: (warning: Warning) => void,
): Promise<OpenedModel> {
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(value: T): T => {
    opened.push(value);
    return value;
  };
  try {
    const { signal, variant } = options;
    const checkpoint = keep(await openCheckpoint(options.checkpoint, { signal, variant }));
    const ownVae = options.vae && keep(await openVae(options.vae, { signal, variant }));
    const module =
      options.motionModule && keep(await openMotionModule(options.motionModule, { signal, variant }));
    return assemble(options, checkpoint, ownVae ?? checkpoint.vae, module, onWarning);
  } catch (error) {
    await Promise.allSettled(opened.map((file) => file.close()));
    throw error;
  }
}

function assemble(
  options: ModelOptions,
  checkpoint: Checkpoint,
  vae: ComponentWeights | undefined,
  module: MotionModule | undefined,
  onWarning: (warning: Warning) => void,
): OpenedModel {
  const { config = {} } = options;
  const imageWeights = storeWeights(checkpoint.unet.store);
  const unetJson = merged(checkpoint.unet.config, config.unet);
  const unet = readUnetConfig(imageWeights, unetJson);
  const textEncoder = present(checkpoint.textEncoder, options.checkpoint, 'a text encoder', 'checkpoint');
  const vaeComponent = present(vae, options.checkpoint, 'a VAE', 'vae');
  const textWeights = storeWeights(textEncoder.store);
  const vaeWeights = storeWeights(vaeComponent.store);
  const motion = module && openMotion(module, unet, config.motionModule, onWarning);
  const text = readClipTextConfig(textWeights, merged(textEncoder.config, config.textEncoder));
  if (text.hiddenSize !== unet.crossAttentionDim) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `${checkpoint.label}: the text encoder's width is ${text.hiddenSize}, but the UNet attends to ${unet.crossAttentionDim}`,
    );
  }
  const vaeConfig = readVaeConfig(vaeWeights, merged(vaeComponent.config, config.vae));
  const sampleSize = unetJson?.['sample_size'];
  const files = [
    checkpoint,
    ...(module ? [module] : []),
    ...(vae !== checkpoint.vae ? [vaeComponent.store] : []),
  ];
  return {
    label: module ? `${checkpoint.label} + ${module.label}` : checkpoint.label,
    checkpoint,
    unet: { config: unet, weights: motion ? combinedWeights([imageWeights, motion.weights]) : imageWeights },
    vae: { config: vaeConfig, weights: vaeWeights },
    textEncoder: { config: text, weights: textWeights },
    motion: motion && { module: motion.module, config: motion.config },
    nativeSize:
      (typeof sampleSize === 'number' ? sampleSize : 64) * 2 ** (vaeConfig.blockOutChannels.length - 1),
    warnings: [
      ...checkpoint.warnings,
      ...(module?.warnings ?? []),
      ...assumptions(checkpoint.label, unet, unetJson),
    ],
    async close() {
      await Promise.all(files.map((file) => file.close()));
    },
  };
}

const usualWidths = '320,640,1280,1280';

/** A single file does not tell heads and groups; for another UNet than Stable Diffusion 1.5's they are a guess. */
function assumptions(label: string, unet: UnetConfig, json: JsonConfig | undefined): Warning[] {
  if (json !== undefined || unet.blockOutChannels.join() === usualWidths) return [];
  const message = `${label} has no config and unusual widths (${unet.blockOutChannels.join(', ')}): ${unet.attentionHeads[0]} attention heads and ${unet.normNumGroups} norm groups are assumed; tell the right ones by the option 'config'`;
  return [{ code: 'config-assumed', message }];
}

/** How the motion module's file says that its norms were trained (metadata `group_norm`); `original` when it is silent. */
export function trainedGroupNorm({ motion }: OpenedModel): MotionGroupNorm {
  const told = motion?.module.store.metadata.get('group_norm');
  return told === 'diffusers' || told === 'frame' ? told : 'original';
}

function openMotion(
  module: MotionModule,
  unet: UnetConfig,
  overrides: JsonConfig | undefined,
  onWarning: (warning: Warning) => void,
): { module: MotionModule; config: MotionConfig; weights: WeightSource } {
  const widths = unet.blockOutChannels;
  if (module.channels.join() !== widths.join() || module.layersPerBlock !== unet.layersPerBlock) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `${module.label} is for a UNet of widths ${module.channels.join(', ')} with ${module.layersPerBlock} layers a level; the checkpoint's has ${widths.join(', ')} with ${unet.layersPerBlock}. Use a motion module made for this base model`,
      { details: { file: module.label, expected: widths, found: module.channels } },
    );
  }
  const weights = withFramePositions(storeWeights(module.store), module.maxFrames, onWarning);
  return {
    module,
    weights,
    config: readMotionConfig(module.label, module.maxFrames, unet, merged(module.config, overrides)),
  };
}

function present(
  component: ComponentWeights | undefined,
  source: ModelSource,
  what: string,
  option: string,
): ComponentWeights {
  if (component !== undefined) return component;
  const help = option === 'vae' ? "give one as the option 'vae'" : 'use a complete checkpoint';
  throw new AnimateDiffError('weights-mismatch', `${source.name} has no weights of ${what}; ${help}`, {
    details: { file: source.name, option },
  });
}

function merged(own: JsonConfig | undefined, overrides: JsonConfig | undefined): JsonConfig | undefined {
  return own || overrides ? { ...own, ...overrides } : undefined;
}

import type { MotionVersion } from './motion-version.js';

/** What a weight file holds. */
export type FileKind =
  /** Stable Diffusion 1.x with its VAE or text encoder. */
  | 'checkpoint'
  /** An image UNet alone. */
  | 'unet'
  | 'vae'
  | 'text-encoder'
  | 'motion-module'
  | 'motion-lora'
  | 'domain-adapter'
  | 'lora'
  | 'textual-inversion'
  | 'controlnet'
  | 'sparse-control'
  | 'ip-adapter'
  | 'sdxl-checkpoint'
  | 'sd2-checkpoint'
  | 'inpainting-checkpoint'
  /** A diffusion model that is recognised but cannot be used here. */
  | 'other-diffusion'
  | 'unknown';

/** Which tool's names a file uses. */
export type FileNaming =
  | 'ldm'
  | 'diffusers'
  | 'transformers'
  | 'original'
  | 'kohya'
  | 'peft'
  /** `….processor.to_q_lora.down.weight`: early diffusers, and AnimateDiff's own adapters. */
  | 'attention-processor'
  | 'a1111'
  | 'unknown';

/** The model family that a file belongs to. `sd1` means Stable Diffusion 1.x's structure, of any width. */
export type BaseModel = 'sd1' | 'sd2' | 'sdxl' | 'sd3' | 'flux' | 'unknown';

/** An option of `AnimateDiffPipeline.load` that takes weight files. */
export type FileRole = 'checkpoint' | 'motionModule' | 'vae' | 'adapters';

/** What names and shapes alone tell about a file. */
export interface Verdict {
  /** What it holds. */
  readonly kind: FileKind;
  /** Which tool's names it uses. */
  readonly naming: FileNaming;
  /** The model family it belongs to. */
  readonly baseModel: BaseModel;
  /** Which options it can be given to; empty when it cannot be used. */
  readonly roles: readonly FileRole[];
  /** A noun phrase for sentences: "a LoRA for Stable Diffusion 1.x". */
  readonly what: string;
  /** Of motion modules only. */
  readonly version?: MotionVersion;
  /** Of motion modules only: most frames at once. */
  readonly maxFrames?: number;
  /** Of motion modules and MotionLoRAs only. */
  readonly hasMidBlock?: boolean;
}

/** Family names for people. */
export const baseModelNames: Readonly<Record<BaseModel, string>> = {
  sd1: 'Stable Diffusion 1.x',
  sd2: 'Stable Diffusion 2.x',
  sdxl: 'Stable Diffusion XL',
  sd3: 'Stable Diffusion 3',
  flux: 'Flux',
  unknown: 'an unknown base model',
};

/** Tells the family by the width of the text features that cross-attention takes. */
export function baseModelByContext(width: number | undefined): BaseModel {
  if (width === undefined) return 'unknown';
  if (width === 1024) return 'sd2';
  return width === 2048 ? 'sdxl' : 'sd1';
}

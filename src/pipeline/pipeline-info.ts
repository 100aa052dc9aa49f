import type { Warning } from '../core/warnings.js';
import type { Precision } from '../models/precision.js';
import type { Quantization } from '../models/quantization.js';
import type { MotionGroupNorm } from '../models/unet-config.js';

/** What a loaded pipeline is made of. */
export interface PipelineInfo {
  /** Names of checkpoint and motion module. */
  readonly label: string;
  /** `undefined` for the image model alone. */
  readonly motionModule:
    | {
        readonly label: string;
        readonly version: string;
        readonly maxFrames: number;
        readonly groupNorm: MotionGroupNorm;
      }
    | undefined;
  /** Name of the backend. */
  readonly backend: string;
  /** The device in words. */
  readonly device: string;
  /** What text encoder and UNet are stored and computed in. */
  readonly precision: Precision;
  /** The same of the VAE. */
  readonly vaePrecision: Precision;
  /** How the weights of the UNet's linear layers are stored; `undefined`: as all others. */
  readonly quantization: Quantization | undefined;
  /** Name of the sampler. */
  readonly scheduler: string;
  /** Side of the pictures that the model was trained on, in pixels: the size that is made unless another is asked for. */
  readonly nativeSize: number;
  /** What was noticed while loading. */
  readonly warnings: readonly Warning[];
}

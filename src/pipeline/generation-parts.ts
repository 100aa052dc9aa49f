import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { Warning } from '../core/warnings.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import type { PipelineComponents } from './components.js';
import type { WindowPlan } from './denoise.js';
import type { Networks } from './networks.js';
import type { PreviewMemory } from './preview.js';
import type { UnetGuard } from './unet-guard.js';

/** What a generation works with. */
export interface GenerationParts {
  readonly components: PipelineComponents;
  readonly networks: Networks;
  readonly scheduler: Scheduler;
  /** Words of the prompts that stand for learned vectors. */
  readonly inversions: readonly TextualInversion[];
  readonly latentChannels: number;
  /** ᾱ of the model's noisiest level. */
  readonly finalAlpha: number;
  /** How a clip that is too long is cut. */
  readonly windows: WindowPlan | undefined;
  /** Watches the UNet's predictions. Of this generation alone. */
  readonly guard: UnetGuard;
  /** Of the pipeline, for all its generations. */
  readonly previewMemory: PreviewMemory;
  /** Warnings that are part of the result from the start. */
  readonly warnings: readonly Warning[];
}

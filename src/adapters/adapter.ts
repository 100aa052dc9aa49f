import type { ModelSource } from '../core/source.js';
import {
  type AdapterOptions,
  checkAdapterOptions,
  checkTextualInversionOptions,
  type TextualInversionOptions,
} from './adapter-options.js';
import type { AdapterMode, AdapterScale } from './adapter-scale.js';
import type { AdapterSchedule } from './adapter-schedule.js';

/** What an adapter changes and under which name it is known. */
export type WeightAdapterKind = 'lora' | 'motion-lora' | 'domain-adapter';

/** A file that changes weights of a model. Frozen plain data: nothing of the file has been read. */
export interface WeightAdapter {
  /** What it was declared to be; checked when it is opened. */
  readonly kind: WeightAdapterKind;
  /** Unique within a pipeline. */
  readonly name: string;
  /** The file, or the folder that it lies in. */
  readonly source: ModelSource;
  /** How strongly it acts; 1 is as it was trained, 0 is off. */
  readonly scale: AdapterScale;
  /** See {@link AdapterMode}. */
  readonly mode: AdapterMode;
  /** See {@link AdapterSchedule}; `undefined` for none. */
  readonly schedule: AdapterSchedule | undefined;
  /** What the file holds, in a sentence; there once `loadAdapter` has looked. */
  readonly summary?: string | undefined;
}

/** A file that teaches the text encoder a word. Frozen plain data: nothing of the file has been read. */
export interface TextualInversionAdapter {
  /** Tells it apart from adapters that change weights. */
  readonly kind: 'textual-inversion';
  /** Unique within a pipeline. */
  readonly name: string;
  /** The file, or the folder that it lies in. */
  readonly source: ModelSource;
  /** The word that stands for it in prompts; `undefined`: what the file says, else its file name. */
  readonly token: string | undefined;
  /** What the file holds, in a sentence; there once `loadAdapter` has looked. */
  readonly summary?: string | undefined;
}

/** Anything that `lora`, `motionLora`, `domainAdapter`, `textualInversion` or `loadAdapter` makes. */
export type Adapter = WeightAdapter | TextualInversionAdapter;

/**
 * A LoRA for Stable Diffusion 1.x: kohya, LyCORIS (LoCon, LoHa, LoKr, DoRA, full differences), PEFT or diffusers, in
 * safetensors or torch files. Nothing is read before the adapter is used.
 * @param source A file, or a folder with `pytorch_lora_weights.safetensors` or `adapter_model.safetensors`.
 * @throws `invalid-options`.
 */
export function lora(source: ModelSource, options?: AdapterOptions): WeightAdapter {
  return weightAdapter('lora', 'lora', source, options);
}

/**
 * A MotionLoRA: a camera or subject movement for a motion module. The published ones were made for v2.
 * @throws `invalid-options`.
 */
export function motionLora(source: ModelSource, options?: AdapterOptions): WeightAdapter {
  return weightAdapter('motion-lora', 'motionLora', source, options);
}

/**
 * The domain adapter of AnimateDiff v3 (`v3_sd15_adapter.ckpt`): it takes the look of the training videos upon itself,
 * so a lower scale gives a cleaner image.
 * @throws `invalid-options`.
 */
export function domainAdapter(source: ModelSource, options?: AdapterOptions): WeightAdapter {
  return weightAdapter('domain-adapter', 'domainAdapter', source, options);
}

/**
 * A textual inversion: one or more vectors that a word in the prompt stands for.
 * @throws `invalid-options`.
 */
export function textualInversion(
  source: ModelSource,
  options?: TextualInversionOptions,
): TextualInversionAdapter {
  const { name, token } = checkTextualInversionOptions('textualInversion', source, options);
  return Object.freeze({ kind: 'textual-inversion', name, source, token });
}

function weightAdapter(
  kind: WeightAdapterKind,
  what: string,
  source: ModelSource,
  options: AdapterOptions | undefined,
): WeightAdapter {
  const { name, scale, mode, schedule } = checkAdapterOptions(what, source, options);
  return Object.freeze({ kind, name, source, scale, mode, schedule });
}

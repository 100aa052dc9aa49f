import type { Adapter } from '../adapters/adapter.js';
import type { Backend } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import type { OnLoadProgress } from '../core/progress.js';
import type { ModelSource } from '../core/source.js';
import type { JsonConfig } from '../models/config-fields.js';
import type { Precision } from '../models/precision.js';
import { type Quantization, quantizations } from '../models/quantization.js';
import type { MotionGroupNorm } from '../models/unet-config.js';
import type { SchedulerFactory } from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';

/**
 * Which networks stay in memory between uses. The text encoder and the VAE of Stable Diffusion 1.5 take 0.5 and 0.3
 * GB in float32, its UNet with a motion module 5.1 GB.
 *
 * - `all`: every network, once loaded.
 * - `unet`: the UNet; the others are loaded for each use and let go after it.
 * - `one`: a single network at a time, for the lowest peak; each generation loads all three.
 */
export type Residency = 'all' | 'unet' | 'one';

/**
 * What a model file cannot tell by its tensors, in the words of diffusers' `config.json` files: `{ unet: {
 * attention_head_dim: 4 } }`. Only for single files of unusual networks: Stable Diffusion 1.5's values are assumed.
 * Fields given here win over a folder's own.
 */
export interface ConfigOverrides {
  /** Fields of `unet/config.json`: `attention_head_dim`, `norm_num_groups`, `sample_size`. */
  unet?: JsonConfig | undefined;
  /** Fields of `vae/config.json`: `norm_num_groups`, `scaling_factor`. */
  vae?: JsonConfig | undefined;
  /** Fields of `text_encoder/config.json`: `num_attention_heads`, `hidden_act`. */
  textEncoder?: JsonConfig | undefined;
  /** Fields of a MotionAdapter's `config.json`: `motion_num_attention_heads`, `motion_norm_num_groups`. */
  motionModule?: JsonConfig | undefined;
}

/** Which files make up a model. */
export interface ModelOptions {
  /** A Stable Diffusion 1.x model: a single file or a diffusers folder, safetensors or torch. */
  checkpoint: ModelSource;
  /** An AnimateDiff motion module for it. Without one the pipeline makes single images. */
  motionModule?: ModelSource | undefined;
  /** A VAE to use instead of the checkpoint's own. */
  vae?: ModelSource | undefined;
  /** A tokenizer, or a folder with `vocab.json` and `merges.txt`. Default: the checkpoint folder's, or CLIP's. */
  tokenizer?: ClipTokenizer | ModelSource | undefined;
  /** Which weights of a diffusers folder to prefer, such as `fp16`. */
  variant?: string | undefined;
  /** See {@link ConfigOverrides}. */
  config?: ConfigOverrides | undefined;
  /**
   * Scope of the group norms, see {@link MotionGroupNorm}. Default: what the module's metadata `group_norm` says, else
   * `original`, as the published modules were trained.
   */
  motionGroupNorm?: MotionGroupNorm | undefined;
  /** Cancels the load, which rejects with the signal's reason and frees what it had made. */
  signal?: AbortSignal | undefined;
}

/** Options of `AnimateDiffPipeline.load`. */
export interface LoadOptions extends ModelOptions {
  /** Where the networks run: `ortNode()` of `animatediff-js/node`, or any other {@link Backend}. */
  backend: Backend;
  /**
   * The sampler, or a factory such as `euler` that makes it for the model's noise. Default: the sampler that the motion
   * module was made for.
   */
  scheduler?: Scheduler | SchedulerFactory | undefined;
  /** LoRAs, MotionLoRAs, domain adapters and textual inversions to begin with; `pipeline.adapters` changes them. */
  adapters?: readonly Adapter[] | undefined;
  /**
   * What the text encoder and the UNet are stored and computed in: `float16` takes half the memory and is faster where
   * the device computes it; norms, softmax, time embedding and output stay float32. `auto` is `float16` where
   * `BackendCapabilities.float16` says so, else `float32`. Default `auto`: float32 on the CPU.
   */
  precision?: Precision | 'auto' | undefined;
  /**
   * How the weights of the UNet's linear layers are stored, half of all of them; see {@link Quantization}. Everything else
   * stays in its precision. Done while the model is loaded: the files are those that people have. Default: not at all.
   */
  quantization?: Quantization | undefined;
  /** As `precision`, of the VAE, whose sums some models push beyond float16's range. Default `float32`. */
  vaePrecision?: Precision | undefined;
  /** See {@link Residency}. Default: `all` when all weights together take at most 1 GB, otherwise `unet`. */
  residency?: Residency | undefined;
  /** Called while files are opened, weights are moved and sessions are created. */
  onProgress?: OnLoadProgress | undefined;
}

const modelKeys = [
  'checkpoint',
  'motionModule',
  'vae',
  'tokenizer',
  'variant',
  'config',
  'motionGroupNorm',
  'signal',
];
const loadKeys = [
  ...modelKeys,
  'adapters',
  'backend',
  'scheduler',
  'precision',
  'vaePrecision',
  'quantization',
  'residency',
  'onProgress',
];
const planKeys = [
  ...modelKeys,
  'precision',
  'vaePrecision',
  'quantization',
  'numFrames',
  'width',
  'height',
  'residency',
  'backend',
];
const precisions = ['float32', 'float16'];

/** Checks the options of a load; objects are checked by what they must be able to do. @throws `invalid-options`. */
export function checkLoadOptions(options: LoadOptions): void {
  report('load', [
    ...unknownKeys(options, loadKeys),
    ...modelIssues(options),
    ...contractIssue('backend', options?.backend, 'backend/1', 'a backend such as ortNode()'),
    ...(options?.scheduler === undefined ? [] : schedulerIssue(options.scheduler)),
    ...(options?.adapters === undefined || Array.isArray(options.adapters)
      ? []
      : ['adapters: expected a list, such as [lora(fileSource(…))]']),
    ...oneOf('precision', options?.precision, [...precisions, 'auto']),
    ...oneOf('vaePrecision', options?.vaePrecision, precisions),
    ...oneOf('quantization', options?.quantization, quantizations),
    ...oneOf('residency', options?.residency, ['all', 'unet', 'one']),
  ]);
}

/** What is wrong with a scheduler that was given: it must keep the contract, or make one that does. */
export function schedulerIssue(given: unknown): string[] {
  if (typeof given === 'function') return [];
  return contractIssue(
    'scheduler',
    given,
    'scheduler/1',
    'a scheduler such as ddim(), or a factory such as ddim',
  );
}

/** Checks the options of a plan. @throws `invalid-options`. */
export function checkPlanOptions(
  options: ModelOptions & { precision?: unknown; vaePrecision?: unknown; quantization?: unknown },
): void {
  report('plan', [
    ...unknownKeys(options, planKeys),
    ...modelIssues(options),
    ...oneOf('precision', options?.precision, precisions),
    ...oneOf('vaePrecision', options?.vaePrecision, precisions),
    ...oneOf('quantization', options?.quantization, quantizations),
  ]);
}

function modelIssues(options: ModelOptions | undefined): string[] {
  const source = (name: 'checkpoint' | 'motionModule' | 'vae'): string[] => {
    const value: unknown = options?.[name];
    if (value === undefined && name !== 'checkpoint') return [];
    const kind = (value as { kind?: unknown } | undefined)?.kind;
    if (kind === 'file' || kind === 'folder') return [];
    const hint =
      typeof value === 'string' ? `; wrap the path or URL: fileSource('${value.slice(0, 80)}')` : '';
    return [`${name}: expected a source such as fileSource(…), got ${typeof value}${hint}`];
  };
  return [
    ...source('checkpoint'),
    ...source('motionModule'),
    ...source('vae'),
    ...configIssues(options?.config),
    ...oneOf('motionGroupNorm', options?.motionGroupNorm, ['original', 'diffusers', 'frame']),
  ];
}

function configIssues(config: ConfigOverrides | undefined): string[] {
  const networks = ['unet', 'vae', 'textEncoder', 'motionModule'];
  return Object.entries(config ?? {}).flatMap(([network, fields]) => {
    if (!networks.includes(network))
      return [`config: unknown network '${network}', expected ${networks.join(', ')}`];
    const foreign = Object.keys(fields ?? {}).filter((key) => /[A-Z]/.test(key));
    return foreign.map(
      (key) => `config.${network}.${key}: fields have the names of config.json, such as norm_num_groups`,
    );
  });
}

function contractIssue(name: string, value: unknown, contract: string, expected: string): string[] {
  const found = (value as { contract?: unknown } | undefined)?.contract;
  return found === contract ? [] : [`${name}: expected ${expected} (contract '${contract}')`];
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): string[] {
  if (value === undefined || allowed.includes(value as string)) return [];
  return [`${name}: expected ${allowed.map((text) => `'${text}'`).join(' or ')}`];
}

function unknownKeys(options: object | undefined, known: readonly string[]): string[] {
  return Object.keys(options ?? {})
    .filter((key) => !known.includes(key))
    .map((key) => `unknown option '${key}'`);
}

function report(what: string, issues: readonly string[]): void {
  if (issues.length > 0) {
    throw new AnimateDiffError('invalid-options', `${what}: ${issues.join('; ')}`, { details: { issues } });
  }
}

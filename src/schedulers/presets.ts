import type { Warning } from '../core/warnings.js';
import { type DdimOptions, ddim } from './ddim.js';
import { type EulerOptions, euler } from './euler.js';
import { type LcmOptions, lcm } from './lcm.js';
import { type NoiseOptions, noiseShape, trainingNoise } from './noise-options.js';
import { resolveOptions } from './option-shape.js';
import type { Scheduler } from './scheduler.js';

/**
 * What a preset is chosen by: the version of the motion module, or `image` when there is none. `long` is v1 with more
 * positions (LongAnimateDiff).
 */
export type PresetVersion = 'v1' | 'v2' | 'v3' | 'long' | 'animatelcm' | 'lightning' | 'image';

/** Options of a preset's sampler; which of them it has depends on the sampler. */
export type PresetOverrides = DdimOptions & LcmOptions & EulerOptions;

/** How a model wants to be sampled. */
export interface SamplingPreset {
  /** Which model it is for. */
  readonly version: PresetVersion;
  /** The sampler that the weights were made for, each option overridable. */
  scheduler(overrides?: PresetOverrides): Scheduler;
  /** The noise that the weights were trained with, whatever samples them. */
  readonly noise: NoiseOptions;
  /** Steps that give good results. */
  readonly numInferenceSteps: number;
  /** Classifier-free guidance; 1 is none. */
  readonly guidanceScale: number;
  /** The highest guidance that the weights bear; `undefined` where there is no such limit. */
  readonly maxGuidanceScale: number | undefined;
  /** For weights that were distilled for one sampler: its name. */
  readonly onlySampler: string | undefined;
}

/**
 * Makes a sampler for a model: called with the noise that the model was trained with, which every sampler takes as
 * options. So `scheduler: euler` follows the model, and `(noise) => euler({ ...noise, useKarrasSigmas: true })` does
 * too, where `euler({ … })` keeps AnimateDiff's own noise whatever the model.
 */
export type SchedulerFactory = (noise: NoiseOptions) => Scheduler;

/** Steps of the schedule that AnimateLCM was distilled on. */
const animateLcmSteps = 100;

const animateDiffNoise: NoiseOptions = { betaSchedule: 'linear', betaStart: 0.00085, betaEnd: 0.012 };

/**
 * The sampler settings that belong to a motion module. AnimateDiff v1 to v3 (guoyww/AnimateDiff
 * configs/inference): linear betas and a last step that ends at ᾱ = 1, unlike Stable Diffusion 1.5's own
 * configuration, which `image` is. AnimateLCM: LCM out of 100 steps at a guidance of 1 to 2 (Wang et al. 2024).
 * AnimateDiff-Lightning: Euler, trailing, without guidance (Lin and Yang 2024).
 */
export function motionModulePreset(version: PresetVersion): SamplingPreset {
  switch (version) {
    case 'v1':
    case 'v2':
    case 'v3':
    case 'long':
      return preset(version, 25, 7.5, animateDiffNoise, ddim);
    case 'animatelcm':
      return {
        ...preset(version, 8, 1.5, animateDiffNoise, (options) =>
          lcm({ originalInferenceSteps: animateLcmSteps, ...options }),
        ),
        maxGuidanceScale: 2,
        onlySampler: 'lcm',
      };
    case 'lightning':
      return {
        ...preset(version, 4, 1, animateDiffNoise, (options) =>
          euler({ timestepSpacing: 'trailing', ...options }),
        ),
        maxGuidanceScale: 1,
        onlySampler: 'euler',
      };
    case 'image':
      return preset(version, 25, 7.5, { ...animateDiffNoise, betaSchedule: 'scaled_linear' }, (options) =>
        ddim({ setAlphaToOne: false, ...options }),
      );
  }
}

function preset(
  version: PresetVersion,
  numInferenceSteps: number,
  guidanceScale: number,
  noise: NoiseOptions,
  make: (options: PresetOverrides) => Scheduler,
): SamplingPreset {
  return {
    version,
    scheduler: (overrides) => make({ ...noise, ...definedOnly(overrides) }),
    noise,
    numInferenceSteps,
    guidanceScale,
    maxGuidanceScale: undefined,
    onlySampler: undefined,
  };
}

// An override that is undefined must not hide the preset's own value.
function definedOnly(overrides: PresetOverrides = {}): PresetOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** ᾱ of the noisiest level: what of an image is left in a model's start noise. */
export function finalAlpha(noise: NoiseOptions): number {
  const config = resolveOptions<NoiseOptions>(noiseShape(), noise, 'noise');
  return trainingNoise(config, undefined, 'noise').alphas.at(-1)!;
}

const noiseNames = ['betaSchedule', 'betaStart', 'betaEnd', 'predictionType'] as const;

/** How a scheduler differs from what a model was made for, and what to expect of it; empty when it does not. */
export function contradictions(preset: SamplingPreset, given: Scheduler): Warning[] {
  const trained: Readonly<Record<string, unknown>> = { predictionType: 'epsilon', ...preset.noise };
  const model = preset.version === 'image' ? 'this model was' : `motion modules ${preset.version} were`;
  const differing = noiseNames
    .filter((name) => given.config[name] !== undefined && given.config[name] !== trained[name])
    .map((name) => `${name} ${given.config[name]} instead of ${trained[name]}`);
  const messages: string[] = [];
  if (differing.length > 0) {
    messages.push(
      `the scheduler '${given.name}' has ${differing.join(', ')}, which ${model} trained with; ` +
        'expect washed-out or flickering frames',
    );
  }
  if (preset.onlySampler !== undefined && given.name !== preset.onlySampler) {
    messages.push(
      `${model} distilled for the sampler '${preset.onlySampler}'; with '${given.name}' expect blurred or burnt ` +
        'frames at the few steps that they are made for',
    );
  }
  const original = given.config['originalInferenceSteps'];
  if (preset.version === 'animatelcm' && given.name === 'lcm' && original !== animateLcmSteps) {
    messages.push(
      `${model} distilled on ${animateLcmSteps} steps, but the scheduler takes its timesteps from ${original}; ` +
        `expect less detail, or set originalInferenceSteps to ${animateLcmSteps}`,
    );
  }
  if (
    preset.version === 'lightning' &&
    given.name === 'euler' &&
    given.config['timestepSpacing'] !== 'trailing'
  ) {
    messages.push(
      `${model} distilled on trailing timesteps; with timestepSpacing '${given.config['timestepSpacing']}' expect ` +
        'faint or noisy frames',
    );
  }
  return messages.map((message) => ({ code: 'scheduler-contradicts-module', message }));
}

/** What to expect of a guidance that the weights do not bear; empty when they do. */
export function guidanceContradictions(preset: SamplingPreset, guidanceScale: number): Warning[] {
  const { version, maxGuidanceScale } = preset;
  if (maxGuidanceScale === undefined || guidanceScale <= maxGuidanceScale) return [];
  const message =
    `guidanceScale ${guidanceScale} is more than ${maxGuidanceScale}, the most that ${version} modules were ` +
    'distilled for; expect burnt colours';
  return [{ code: 'guidance-contradicts-module', message }];
}

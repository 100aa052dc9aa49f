import type { Warning } from '../core/warnings.js';
import { ddim } from './ddim.js';
import type { DdimOptions } from './ddim-options.js';
import type { Scheduler } from './scheduler.js';

/**
 * What a preset is chosen by: the version of the motion module, or `image` when there is none. `long` is v1 with more
 * positions (LongAnimateDiff).
 */
export type PresetVersion = 'v1' | 'v2' | 'v3' | 'long' | 'animatelcm' | 'lightning' | 'image';

/** How a model wants to be sampled. */
export interface SamplingPreset {
  /** Which model it is for. */
  readonly version: PresetVersion;
  /** The sampler that the weights were made for, each option overridable. */
  scheduler(overrides?: DdimOptions): Scheduler;
  /** Steps that give good results. */
  readonly numInferenceSteps: number;
  /** Classifier-free guidance; 1 is none. */
  readonly guidanceScale: number;
  /** What to tell the user when this preset is taken; empty when it is the authors' own. */
  readonly warnings: readonly Warning[];
}

// A distilled module expects a sampler that does not exist here yet. DDIM visits nearly the same timesteps with
// trailing spacing; it differs in that it re-uses the predicted noise.
const distilled: DdimOptions = { timestepSpacing: 'trailing' };

/**
 * The sampler settings that belong to a motion module. AnimateDiff v1 to v3 (guoyww/AnimateDiff
 * configs/inference): linear betas and a last step that ends at ᾱ = 1, unlike Stable Diffusion 1.5's own
 * configuration, which `image` is.
 */
export function motionModulePreset(version: PresetVersion): SamplingPreset {
  switch (version) {
    case 'v1':
    case 'v2':
    case 'v3':
    case 'long':
      return preset(version, 25, 7.5, {});
    case 'animatelcm':
      return preset(version, 8, 1.5, distilled, 'LCM');
    case 'lightning':
      return preset(version, 4, 1, distilled, 'Euler');
    case 'image':
      return preset(version, 25, 7.5, { betaSchedule: 'scaled_linear', setAlphaToOne: false });
  }
}

function preset(
  version: PresetVersion,
  numInferenceSteps: number,
  guidanceScale: number,
  options: DdimOptions,
  missingSampler?: string,
): SamplingPreset {
  return {
    version,
    scheduler: (overrides) => ddim({ ...options, ...definedOnly(overrides) }),
    numInferenceSteps,
    guidanceScale,
    warnings:
      missingSampler === undefined
        ? []
        : [
            {
              code: 'scheduler-substituted',
              message:
                `${version} modules are made for the ${missingSampler} sampler, which this version lacks; ` +
                'DDIM with trailing spacing takes its place, and images may differ',
            },
          ],
  };
}

// An override that is undefined must not hide the preset's own value.
function definedOnly(overrides: DdimOptions = {}): DdimOptions {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

import type { Warning } from '../core/warnings.js';
import { motionModulePreset } from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import { schedulerFromConfig } from '../schedulers/scheduler-config.js';
import type { OpenedModel } from './opened-model.js';

/** How a model is sampled unless the caller says otherwise. */
export interface SamplingDefaults {
  readonly scheduler: Scheduler;
  readonly numInferenceSteps: number;
  readonly guidanceScale: number;
  readonly warnings: readonly Warning[];
}

/**
 * The preset of the motion module's version; for the image model alone, its folder's own scheduler. A scheduler of
 * the caller's is taken as it is, with a warning when its noise is not what the module was trained with.
 */
export function samplingDefaults(model: OpenedModel, given: Scheduler | undefined): SamplingDefaults {
  const version = model.motion?.module.version ?? 'image';
  const preset = motionModulePreset(version);
  const { numInferenceSteps, guidanceScale } = preset;
  if (given !== undefined) {
    const warnings = model.motion ? contradictions(given, preset.scheduler(), version) : [];
    return { scheduler: given, numInferenceSteps, guidanceScale, warnings };
  }
  const { schedulerConfig } = model.checkpoint;
  if (model.motion === undefined && schedulerConfig !== undefined) {
    return { ...schedulerFromConfig(schedulerConfig), numInferenceSteps, guidanceScale };
  }
  return { scheduler: preset.scheduler(), numInferenceSteps, guidanceScale, warnings: preset.warnings };
}

const noiseOptions = ['betaSchedule', 'betaStart', 'betaEnd', 'predictionType'];

function contradictions(given: Scheduler, trained: Scheduler, version: string): Warning[] {
  const differing = noiseOptions.filter(
    (name) => given.config[name] !== undefined && given.config[name] !== trained.config[name],
  );
  if (differing.length === 0) return [];
  const list = differing
    .map((name) => `${name} ${given.config[name]} instead of ${trained.config[name]}`)
    .join(', ');
  return [
    {
      code: 'scheduler-contradicts-module',
      message: `the scheduler '${given.name}' has ${list}, which motion modules ${version} were trained with; expect washed-out or flickering frames`,
    },
  ];
}

import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import {
  contradictions,
  guidanceContradictions,
  motionModulePreset,
  type SamplingPreset,
  type SchedulerFactory,
} from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import { schedulerFromConfig } from '../schedulers/scheduler-config.js';
import { schedulerIssue } from './load-options.js';
import type { OpenedModel } from './opened-model.js';

/** How a model is sampled unless the caller says otherwise. */
export interface SamplingDefaults {
  readonly scheduler: Scheduler;
  /** See {@link SchedulerFactory}. */
  readonly noise: SamplingPreset['noise'];
  readonly preset: SamplingPreset;
  readonly warnings: readonly Warning[];
}

/**
 * The preset of the motion module's version; for the image model alone, its folder's own scheduler. A scheduler of
 * the caller's is taken as it is, with a warning when it is not what the model was made for.
 */
export function samplingDefaults(
  model: OpenedModel,
  given: Scheduler | SchedulerFactory | undefined,
): SamplingDefaults {
  const preset = motionModulePreset(model.motion?.module.version ?? 'image');
  const { schedulerConfig } = model.checkpoint;
  const own =
    model.motion === undefined && schedulerConfig !== undefined
      ? schedulerFromConfig(schedulerConfig)
      : { scheduler: preset.scheduler(), warnings: [] };
  const noise = noiseOf(own.scheduler);
  const defaults = { noise, preset: { ...preset, noise } };
  if (given === undefined) return { ...defaults, ...own };
  return { ...defaults, ...schedulerFor(defaults, given) };
}

/** A scheduler of the caller's for a model, with what speaks against it. */
export function schedulerFor(
  { noise, preset }: Pick<SamplingDefaults, 'noise' | 'preset'>,
  given: Scheduler | SchedulerFactory,
): { readonly scheduler: Scheduler; readonly warnings: readonly Warning[] } {
  const scheduler = typeof given === 'function' ? given(noise) : given;
  if (scheduler?.contract !== 'scheduler/1') {
    throw new AnimateDiffError(
      'invalid-options',
      "scheduler: the factory made no scheduler (contract 'scheduler/1'); pass ddim itself, or (noise) => ddim(noise)",
    );
  }
  return { scheduler, warnings: contradictions(preset, scheduler) };
}

/** The scheduler of a generation; the pipeline's in place of a wrong one, which is told with all other options. */
export function chosenScheduler(
  defaults: SamplingDefaults,
  given: Scheduler | SchedulerFactory | undefined,
): ReturnType<typeof schedulerFor> {
  return given !== undefined && schedulerIssue(given).length === 0
    ? schedulerFor(defaults, given)
    : { scheduler: defaults.scheduler, warnings: [] };
}

/** How many steps a scheduler with timesteps or levels of its own takes; `undefined` for all others. */
export function stepsOf(scheduler: Scheduler): number | undefined {
  const { timesteps, sigmas } = (scheduler.config ?? {}) as { timesteps?: unknown; sigmas?: unknown };
  if (Array.isArray(timesteps)) return timesteps.length;
  return Array.isArray(sigmas) ? sigmas.length - 1 : undefined;
}

/** What speaks against a guidance; empty when nothing does. */
export function guidanceWarnings({ preset }: SamplingDefaults, guidanceScale: number): readonly Warning[] {
  return guidanceContradictions(preset, guidanceScale);
}

function noiseOf({ config }: Scheduler): SamplingPreset['noise'] {
  const all = config as SamplingPreset['noise'];
  const { betaSchedule, betaStart, betaEnd, predictionType, rescaleBetasZeroSnr } = all;
  const noise = { betaSchedule, betaStart, betaEnd, predictionType, rescaleBetasZeroSnr };
  const { trainedBetas, numTrainTimesteps } = all;
  return trainedBetas === undefined ? { ...noise, numTrainTimesteps } : { ...noise, trainedBetas };
}

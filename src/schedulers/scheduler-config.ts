import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import { ddim } from './ddim.js';
import { type DdimOptions, resolveDdimOptions } from './ddim-options.js';
import type { Scheduler } from './scheduler.js';

/** A sampler read from a model folder. */
export interface ConfiguredScheduler {
  /** The sampler. */
  readonly scheduler: Scheduler;
  /** What could not be taken over as it is. */
  readonly warnings: readonly Warning[];
}

interface SchedulerConfig {
  readonly _class_name: string;
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: string;
  readonly trained_betas?: unknown;
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  readonly set_alpha_to_one: boolean;
  readonly steps_offset: number;
  readonly prediction_type: string;
  readonly timestep_spacing: string;
  readonly rescale_betas_zero_snr: boolean;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
}

/**
 * The sampler of a diffusers folder's `scheduler/scheduler_config.json`, with diffusers' own defaults for what the file
 * leaves out (they are not AnimateDiff's). `DDIMScheduler` is taken as it is; of `PNDMScheduler` the noise schedule is
 * kept and DDIM steps through it, with a warning.
 *
 * @param json The parsed file.
 * @param name For errors: the file's name.
 * @throws `unsupported` for other classes and trained betas; `invalid-options` for values that cannot be.
 */
export function schedulerFromConfig(json: unknown, name = 'scheduler_config.json'): ConfiguredScheduler {
  const config = checkOptions<SchedulerConfig>(configSchema(json), json, name);
  const className = config._class_name;
  if (className !== 'DDIMScheduler' && className !== 'PNDMScheduler') {
    throw new AnimateDiffError(
      'unsupported',
      `${name}: ${className} is not supported yet; give a scheduler of your own, such as ddim()`,
    );
  }
  if (config.trained_betas !== undefined && config.trained_betas !== null) {
    throw new AnimateDiffError(
      'unsupported',
      `${name}: trained_betas are not supported; use a beta_schedule`,
    );
  }
  const scheduler = ddim(resolveDdimOptions(ddimOptions(config), name));
  return { scheduler, warnings: className === 'DDIMScheduler' ? [] : [pndmWarning(name)] };
}

function configSchema(json: unknown): z.ZodMiniType<SchedulerConfig> {
  // PNDMScheduler never clips, and ends at the first level's alpha unless told otherwise.
  const pndm =
    typeof json === 'object' &&
    json !== null &&
    '_class_name' in json &&
    json._class_name === 'PNDMScheduler';
  return z.object({
    _class_name: z.string(),
    num_train_timesteps: z._default(z.number(), 1000),
    beta_start: z._default(z.number(), 0.0001),
    beta_end: z._default(z.number(), 0.02),
    beta_schedule: z._default(z.string(), 'linear'),
    trained_betas: z.optional(z.unknown()),
    clip_sample: z._default(z.boolean(), !pndm),
    clip_sample_range: z._default(z.number(), 1),
    set_alpha_to_one: z._default(z.boolean(), !pndm),
    steps_offset: z._default(z.number(), 0),
    prediction_type: z._default(z.string(), 'epsilon'),
    timestep_spacing: z._default(z.string(), 'leading'),
    rescale_betas_zero_snr: z._default(z.boolean(), false),
    thresholding: z._default(z.boolean(), false),
    dynamic_thresholding_ratio: z._default(z.number(), 0.995),
    sample_max_value: z._default(z.number(), 1),
  });
}

// The strings are checked as options next, so that one place knows the names.
function ddimOptions(config: SchedulerConfig): DdimOptions {
  return {
    numTrainTimesteps: config.num_train_timesteps,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    betaSchedule: config.beta_schedule as DdimOptions['betaSchedule'],
    clipSample: config.clip_sample,
    clipSampleRange: config.clip_sample_range,
    setAlphaToOne: config.set_alpha_to_one,
    stepsOffset: config.steps_offset,
    predictionType: config.prediction_type as DdimOptions['predictionType'],
    timestepSpacing: config.timestep_spacing as DdimOptions['timestepSpacing'],
    rescaleBetasZeroSnr: config.rescale_betas_zero_snr,
    thresholding: config.thresholding,
    dynamicThresholdingRatio: config.dynamic_thresholding_ratio,
    sampleMaxValue: config.sample_max_value,
  };
}

function pndmWarning(name: string): Warning {
  return {
    code: 'scheduler-substituted',
    message: `${name} asks for PNDM, which this version lacks; DDIM with the same noise schedule takes its place`,
  };
}

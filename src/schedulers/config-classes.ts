import { ddim } from './ddim.js';
import { ddpm } from './ddpm.js';
import { deis } from './deis.js';
import { dpmSolverMultistep } from './dpm-solver-multistep.js';
import { dpmSolverSinglestep } from './dpm-solver-singlestep.js';
import { euler } from './euler.js';
import { eulerAncestral } from './euler-ancestral.js';
import { heun } from './heun.js';
import { kdpm2 } from './kdpm2.js';
import { kdpm2Ancestral } from './kdpm2-ancestral.js';
import { lcm } from './lcm.js';
import { lms } from './lms.js';
import { pndm } from './pndm.js';
import type { Scheduler } from './scheduler.js';
import { tcd } from './tcd.js';
import { uniPC } from './uni-pc.js';

/** A scheduler class of diffusers in our terms. */
export interface ConfigClass {
  /** Makes ours. The options are unchecked: the factory refuses what it does not know. */
  make(options: Record<string, unknown>): Scheduler;
  /** Fields of its configuration that we have an option for, with diffusers' own defaults. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Words of other classes that diffusers lets a configuration keep, by field, and what it takes them for. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Fields whose other values we do not have, with the ones we have; the first is the default. */
  readonly only?: Readonly<Record<string, readonly unknown[]>>;
}

const noise = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: 'linear',
  trained_betas: undefined,
  prediction_type: 'epsilon',
};
const stableDiffusionNoise = { ...noise, beta_start: 0.00085, beta_end: 0.012 };
const zeroSnr = { rescale_betas_zero_snr: false };
const spacing = (kind: string): Record<string, unknown> => ({ timestep_spacing: kind, steps_offset: 0 });
const threshold = { thresholding: false, dynamic_thresholding_ratio: 0.995, sample_max_value: 1 };
const clip = (clips: boolean): Record<string, unknown> => ({ clip_sample: clips, clip_sample_range: 1 });
const sigmas = { use_karras_sigmas: false, use_exponential_sigmas: false, use_beta_sigmas: false };
const solver = { ...noise, ...sigmas, ...threshold, solver_order: 2, lower_order_final: true };
const notFlow = { use_flow_sigmas: [false], use_dynamic_shifting: [false] };
const dpm = {
  algorithm_type: 'dpmsolver++',
  solver_type: 'midpoint',
  lambda_min_clipped: undefined,
  final_sigmas_type: 'zero',
};
const dpmAliases = {
  algorithm_type: { deis: 'dpmsolver++' },
  solver_type: { logrho: 'midpoint', bh1: 'midpoint', bh2: 'midpoint' },
};
const consistency = {
  ...stableDiffusionNoise,
  ...zeroSnr,
  beta_schedule: 'scaled_linear',
  original_inference_steps: 50,
};
const notLearned = { ...notFlow, variance_type: [undefined] };

/** By the class name in the file. Their defaults are not AnimateDiff's. */
export const configClasses: Readonly<Record<string, ConfigClass>> = {
  DDIMScheduler: {
    make: ddim,
    fields: {
      ...noise,
      ...zeroSnr,
      ...spacing('leading'),
      ...clip(true),
      ...threshold,
      set_alpha_to_one: true,
    },
  },
  DDPMScheduler: {
    make: ddpm,
    fields: {
      ...noise,
      ...zeroSnr,
      ...spacing('leading'),
      ...clip(true),
      ...threshold,
      variance_type: 'fixed_small',
    },
  },
  PNDMScheduler: {
    make: pndm,
    fields: { ...noise, ...spacing('leading'), set_alpha_to_one: false },
  },
  EulerDiscreteScheduler: {
    make: euler,
    fields: {
      ...noise,
      ...zeroSnr,
      ...sigmas,
      ...spacing('linspace'),
      sigma_min: undefined,
      sigma_max: undefined,
      final_sigmas_type: 'zero',
      interpolation_type: 'linear',
      timestep_type: 'discrete',
    },
  },
  EulerAncestralDiscreteScheduler: {
    make: eulerAncestral,
    fields: { ...noise, ...zeroSnr, ...spacing('linspace') },
  },
  HeunDiscreteScheduler: {
    make: heun,
    fields: { ...stableDiffusionNoise, ...sigmas, ...spacing('linspace'), ...clip(false) },
  },
  LMSDiscreteScheduler: {
    make: lms,
    fields: { ...noise, ...sigmas, ...spacing('linspace') },
  },
  KDPM2DiscreteScheduler: {
    make: kdpm2,
    fields: { ...stableDiffusionNoise, ...sigmas, ...spacing('linspace') },
  },
  KDPM2AncestralDiscreteScheduler: {
    make: kdpm2Ancestral,
    fields: { ...stableDiffusionNoise, ...sigmas, ...spacing('linspace') },
  },
  DEISMultistepScheduler: {
    make: (options) => deis({ ...options, finalSigmasType: 'sigma_min' }),
    fields: { ...solver, ...spacing('linspace') },
    only: notFlow,
  },
  DPMSolverMultistepScheduler: {
    make: dpmSolverMultistep,
    fields: {
      ...solver,
      ...zeroSnr,
      ...spacing('linspace'),
      ...dpm,
      euler_at_final: false,
      use_lu_lambdas: false,
    },
    aliases: dpmAliases,
    only: notLearned,
  },
  DPMSolverSinglestepScheduler: {
    // It has no choice of spacing.
    make: (options) => dpmSolverSinglestep({ ...options, timestepSpacing: 'linspace' }),
    fields: { ...solver, ...dpm, lower_order_final: false },
    aliases: dpmAliases,
    only: notLearned,
  },
  UniPCMultistepScheduler: {
    make: uniPC,
    fields: {
      ...solver,
      ...zeroSnr,
      ...spacing('linspace'),
      solver_type: 'bh2',
      predict_x0: true,
      disable_corrector: [],
      final_sigmas_type: 'zero',
      sigma_min: undefined,
      sigma_max: undefined,
    },
    aliases: { solver_type: { midpoint: 'bh2', heun: 'bh2', logrho: 'bh2' } },
    only: { ...notFlow, solver_p: [undefined] },
  },
  LCMScheduler: {
    make: lcm,
    fields: { ...consistency, ...clip(false), ...threshold, timestep_scaling: 10 },
  },
  TCDScheduler: {
    make: tcd,
    fields: consistency,
  },
};

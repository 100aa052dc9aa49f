import { AnimateDiffError } from '../core/errors.js';
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
import type { NoiseOptions } from './noise-options.js';
import { pndm } from './pndm.js';
import type { Scheduler } from './scheduler.js';
import type { ConfiguredScheduler } from './scheduler-config.js';
import { tcd } from './tcd.js';
import { uniPC } from './uni-pc.js';

interface NamedSampler {
  make(options: Record<string, unknown>): Scheduler;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Whether a rule such as Karras' can choose its noise levels. */
  readonly byLevels: boolean;
  /** Whether its timesteps are those of a distillation. */
  readonly distilled?: true;
  /** What it stands in for, where the same sampler does not exist here. */
  readonly standsInFor?: string;
}

const multistep = (options: Readonly<Record<string, unknown>>): NamedSampler => ({
  make: dpmSolverMultistep,
  options,
  byLevels: true,
});
const plain = (make: NamedSampler['make'], byLevels: boolean): NamedSampler => ({ make, byLevels });
const sde = { algorithmType: 'sde-dpmsolver++' };

/** ComfyUI's, A1111's and our own names, in small letters with `pp` for `++` and `_` for everything else. */
const samplers: Readonly<Record<string, NamedSampler>> = {
  ddim: plain(ddim, false),
  ddpm: plain(ddpm, false),
  pndm: plain(pndm, false),
  plms: plain(pndm, false),
  euler: plain(euler, true),
  euler_a: plain(eulerAncestral, true),
  euler_ancestral: plain(eulerAncestral, true),
  eulerancestral: plain(eulerAncestral, true),
  heun: plain(heun, true),
  lms: plain(lms, true),
  deis: plain(deis, true),
  dpm2: plain(kdpm2, true),
  dpm_2: plain(kdpm2, true),
  kdpm2: plain(kdpm2, true),
  dpm2_a: plain(kdpm2Ancestral, true),
  dpm_2_ancestral: plain(kdpm2Ancestral, true),
  kdpm2ancestral: plain(kdpm2Ancestral, true),
  dpmpp_2m: multistep({}),
  dpmsolvermultistep: multistep({}),
  dpmpp_2m_sde: multistep(sde),
  dpmpp_2m_sde_gpu: multistep(sde),
  dpmpp_2m_sde_heun: multistep({ ...sde, solverType: 'heun' }),
  dpmpp_3m_sde: multistep({ ...sde, solverOrder: 3 }),
  dpmpp_3m_sde_gpu: multistep({ ...sde, solverOrder: 3 }),
  dpmsolversinglestep: plain(dpmSolverSinglestep, true),
  dpmpp_2s: plain(dpmSolverSinglestep, true),
  dpmpp_2s_a: { ...plain(dpmSolverSinglestep, true), standsInFor: 'DPM++ 2S a' },
  dpmpp_2s_ancestral: { ...plain(dpmSolverSinglestep, true), standsInFor: 'DPM++ 2S a' },
  dpmpp_sde: { make: dpmSolverSinglestep, options: sde, byLevels: true, standsInFor: 'DPM++ SDE' },
  dpmpp_sde_gpu: { make: dpmSolverSinglestep, options: sde, byLevels: true, standsInFor: 'DPM++ SDE' },
  // Both programs take the third order and bh1 unless told otherwise.
  uni_pc: { make: uniPC, options: { solverOrder: 3, solverType: 'bh1' }, byLevels: true },
  unipc: { make: uniPC, options: { solverOrder: 3, solverType: 'bh1' }, byLevels: true },
  uni_pc_bh2: { make: uniPC, options: { solverOrder: 3, solverType: 'bh2' }, byLevels: true },
  lcm: { ...plain(lcm, false), distilled: true },
  tcd: { ...plain(tcd, false), distilled: true },
};

/** What the programs call schedules, schedule types or schedulers. */
const schedules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  normal: {},
  automatic: {},
  uniform: {},
  linspace: { timestepSpacing: 'linspace' },
  karras: { useKarrasSigmas: true },
  exponential: { useExponentialSigmas: true },
  beta: { useBetaSigmas: true },
  lu: { useLuLambdas: true },
  sgm_uniform: { timestepSpacing: 'trailing' },
  simple: { timestepSpacing: 'trailing' },
  trailing: { timestepSpacing: 'trailing' },
  ddim_uniform: { timestepSpacing: 'leading' },
  leading: { timestepSpacing: 'leading' },
};
const byLevelsOnly = ['karras', 'exponential', 'beta', 'lu'];

/** Beta schedules as ComfyUI-AnimateDiff-Evolved lists them. Its `linear` is what diffusers calls `scaled_linear`. */
const betaSchedules: Readonly<Record<string, NoiseOptions>> = {
  autoselect: {},
  use_existing: {},
  sqrt_linear: { betaSchedule: 'linear' },
  sqrt_linear_animatediff: { betaSchedule: 'linear' },
  linear: { betaSchedule: 'scaled_linear' },
  linear_hotshotxl_default: { betaSchedule: 'scaled_linear' },
  linear_animatediff_sdxl: { betaSchedule: 'scaled_linear', betaEnd: 0.02 },
  cosine: { betaSchedule: 'squaredcos_cap_v2' },
  squaredcos_cap_v2: { betaSchedule: 'squaredcos_cap_v2' },
};

/**
 * The sampler that ComfyUI, A1111 or this library calls by a name, with a schedule behind it if there is one:
 * `dpmpp_2m_karras`, `DPM++ 2M Karras`, `Euler a`, `uni_pc`. Of two programs' names for a pair, such as ComfyUI's
 * sampler `dpmpp_2m` and scheduler `karras`, join them with a space.
 *
 * @param name In any case, with spaces, dashes or underscores.
 * @param options Options that win, under our names, such as a model's noise schedule.
 * @throws `unsupported` for a name that is not known, with those that are; `invalid-options` for options that the
 *   sampler does not have.
 */
export function schedulerFromName(name: string, options: object = {}): ConfiguredScheduler {
  const key = normalised(name);
  const schedule = Object.keys(schedules).find(
    (each) => key.endsWith(`_${each}`) && has(samplers, key.slice(0, -each.length - 1)),
  );
  const samplerName = schedule === undefined ? key : key.slice(0, -schedule.length - 1);
  if (!has(samplers, samplerName)) {
    const known = `${Object.keys(samplers).join(', ')}; followed by one of ${Object.keys(schedules).join(', ')} or nothing`;
    throw new AnimateDiffError('unsupported', `no sampler is called '${name}'; known are ${known}`);
  }
  const sampler = samplers[samplerName]!;
  if (schedule !== undefined && byLevelsOnly.includes(schedule) && !sampler.byLevels) {
    throw new AnimateDiffError(
      'invalid-options',
      `'${name}': ${samplerName} steps through training timesteps, so '${schedule}' noise levels are not for it`,
    );
  }
  // A distilled model's timesteps are those of its distillation, spread evenly: a spacing means nothing to them.
  const chosen = schedule === undefined || sampler.distilled ? {} : schedules[schedule];
  const scheduler = sampler.make({ ...sampler.options, ...chosen, ...options });
  const { standsInFor } = sampler;
  if (standsInFor === undefined) return { scheduler, warnings: [] };
  const message = `${standsInFor} does not exist here; ${scheduler.name}, its nearest relative, takes its place, and images will differ`;
  return { scheduler, warnings: [{ code: 'scheduler-substituted', message }] };
}

/**
 * The noise schedule that ComfyUI-AnimateDiff-Evolved calls by a name, as options for any sampler:
 * `comfyBetaSchedule('sqrt_linear (AnimateDiff)')` is `{ betaSchedule: 'linear' }`. Its `linear` is not ours.
 * @throws `unsupported` for a name that is not known, with those that are.
 */
export function comfyBetaSchedule(name: string): NoiseOptions {
  const key = normalised(name);
  if (has(betaSchedules, key)) return betaSchedules[key]!;
  throw new AnimateDiffError(
    'unsupported',
    `no beta schedule is called '${name}'; known are ${Object.keys(betaSchedules).join(', ')}`,
  );
}

function normalised(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

function has(table: object, key: string): boolean {
  return Object.hasOwn(table, key);
}

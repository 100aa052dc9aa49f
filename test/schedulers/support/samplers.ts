import { ddim } from '../../../src/schedulers/ddim.js';
import { ddpm } from '../../../src/schedulers/ddpm.js';
import { deis } from '../../../src/schedulers/deis.js';
import { dpmSolverMultistep } from '../../../src/schedulers/dpm-solver-multistep.js';
import { dpmSolverSinglestep } from '../../../src/schedulers/dpm-solver-singlestep.js';
import { euler } from '../../../src/schedulers/euler.js';
import { eulerAncestral } from '../../../src/schedulers/euler-ancestral.js';
import { heun } from '../../../src/schedulers/heun.js';
import { kdpm2 } from '../../../src/schedulers/kdpm2.js';
import { kdpm2Ancestral } from '../../../src/schedulers/kdpm2-ancestral.js';
import { lcm } from '../../../src/schedulers/lcm.js';
import { lms } from '../../../src/schedulers/lms.js';
import { pndm } from '../../../src/schedulers/pndm.js';
import type { SamplingRun, Scheduler } from '../../../src/schedulers/scheduler.js';
import { tcd } from '../../../src/schedulers/tcd.js';
import { uniPC } from '../../../src/schedulers/uni-pc.js';

type Options = Readonly<Record<string, unknown>>;

/** Every sampler of the library, by name; options are checked by the factories. */
export const samplers: Readonly<Record<string, (options?: Options) => Scheduler>> = {
  ddim,
  ddpm,
  deis,
  dpmSolverMultistep,
  dpmSolverSinglestep,
  euler,
  eulerAncestral,
  heun,
  kdpm2,
  kdpm2Ancestral,
  lcm,
  lms,
  pndm,
  tcd,
  uniPC,
};

/** How much image and how much noise a sample of a step holds, as addNoise mixes them. */
export function levelAt(run: SamplingRun, index: number): { signal: number; spread: number } {
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  return { signal: run.addNoise(one, zero, index)[0]!, spread: run.addNoise(zero, one, index)[0]! };
}

/** Noise over signal of each step. */
export function sigmasOf(run: SamplingRun): number[] {
  return run.timesteps.map((_, index) => {
    const { signal, spread } = levelAt(run, index);
    return spread / signal;
  });
}

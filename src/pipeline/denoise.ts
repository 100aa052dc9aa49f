import { scaleAt } from '../adapters/adapter-schedule.js';
import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import type { SamplingRun } from '../schedulers/scheduler.js';
import { takeFrames } from '../windows/window-frames.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { type Conditioning, conditioningOf, type GuidedInput, guidedPrediction } from './guidance.js';
import { motionAmountAt } from './motion-amounts.js';
import type { Networks } from './networks.js';
import type { Unet } from './unet.js';
import { withProgress } from './with-progress.js';

/** How a clip that is longer than the network sees at once is cut. */
export interface WindowPlan {
  /** The windows of a step, each a list of frames. */
  at(step: number): readonly (readonly number[])[];
  /** Puts the predictions of a step's windows together. */
  fuse(shape: readonly number[]): WindowSum;
}

/** Predictions of windows, added as they come. */
export interface WindowSum {
  add(window: readonly number[], prediction: Float32Array): void;
  result(): Float32Array;
}

/** One pass through the steps. */
export interface DenoiseRequest {
  readonly unet: Unet;
  readonly networks: Networks;
  readonly run: SamplingRun;
  /** Index of the first step to take. */
  readonly first: number;
  readonly latents: Float32Tensor;
  readonly conditioning: Conditioning;
  /** `undefined` when the network sees the whole clip. */
  readonly windows: WindowPlan | undefined;
  readonly options: ResolvedGenerateOptions;
  /** Called after each step, before its event. */
  readonly checkpoint?: (step: number, latents: Float32Tensor) => PipelineEvent | undefined;
}

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/** All frames are denoised together, step by step (Guo et al. 2023, section 4.4). */
export async function* denoise(request: DenoiseRequest): Events<Float32Tensor> {
  const { run, networks, options, first } = request;
  const { signal } = options;
  const { done } = yield* withProgress((onProgress) => networks.hold('unet', { signal, onProgress }));
  try {
    const steps = run.timesteps.length;
    const clock = timeLeft(steps - first);
    let { latents } = request;
    for (let step = first; step < steps; step++) {
      signal?.throwIfAborted();
      const timestep = run.timesteps[step]!;
      const input = float32Tensor(run.scaleInput(latents.data, step), latents.shape);
      const output = await predict(request, input, step);
      checkFinite(output, step, timestep);
      const { sample, denoised } = run.step(output, latents.data, step);
      latents = float32Tensor(sample, latents.shape);
      yield {
        type: 'step-end',
        step,
        steps,
        timestep,
        latents,
        denoised: float32Tensor(denoised, latents.shape),
        secondsLeft: clock.stepDone(),
      };
      const saved = request.checkpoint?.(step, latents);
      if (saved !== undefined) yield saved;
    }
    return latents;
  } finally {
    await done();
  }
}

async function predict(
  { unet, run, conditioning, windows, options }: DenoiseRequest,
  input: Float32Tensor,
  step: number,
): Promise<Float32Array> {
  const { signal, guidanceBatching: batching, guidanceRescale: rescale } = options;
  const progress = step / run.timesteps.length;
  const guidance = {
    scale: options.guidanceScale * scaleAt(options.guidanceSchedule, progress),
    rescale,
    batching,
  };
  const ask = (sample: Float32Tensor, frames: readonly number[] | undefined): Promise<Float32Array> =>
    guidedPrediction(
      unet,
      { sample, timestep: run.timesteps[step]!, progress, ...motionOf(options, progress, frames) },
      frames ? conditioningOf(conditioning, frames) : conditioning,
      guidance,
      { signal },
    );
  if (windows === undefined) return ask(input, undefined);
  const sum = windows.fuse(input.shape);
  // Samplers of several evaluations a step keep their windows for all of them.
  const kept = Math.max(Math.trunc(options.numInferenceSteps * options.strength), 1);
  const samplerStep = Math.floor((step * kept) / run.timesteps.length);
  for (const window of windows.at(samplerStep)) {
    signal?.throwIfAborted();
    sum.add(window, await ask(takeFrames(input, window), window));
  }
  return sum.result();
}

/** How strongly the motion module acts on some frames at a step; a single frame is the image model's alone. */
function motionOf(
  { motionEffect, motionScale, motionStart, motionEnd, numFrames }: ResolvedGenerateOptions,
  progress: number,
  frames: readonly number[] | undefined,
): Pick<GuidedInput, 'motionEffect' | 'motionScale'> {
  if (numFrames === 1) return {};
  const all = frames ?? Array.from({ length: numFrames }, (_, frame) => frame);
  const active = progress >= motionStart && progress < motionEnd;
  return {
    motionEffect: active ? motionAmountAt(motionEffect, all) : 0,
    motionScale: motionAmountAt(motionScale, all),
  };
}

function checkFinite(output: Float32Array, step: number, timestep: number): void {
  const bad = firstNonFinite(output);
  if (bad < 0) return;
  throw new AnimateDiffError(
    'numerics',
    `the UNet predicted ${output[bad]} at step ${step} (timestep ${timestep}); a weight or the prompt's embedding is out of range for this model`,
    { details: { step, timestep, element: bad } },
  );
}

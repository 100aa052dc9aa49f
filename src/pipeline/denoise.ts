import { scaleAt } from '../adapters/adapter-schedule.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import type { SamplingRun } from '../schedulers/scheduler.js';
import { takeFrames } from '../windows/window-frames.js';
import { type DeepCache, deepCache } from './deep-cache.js';
import { resolveDeepCache } from './deep-cache-options.js';
import type { PipelineEvent } from './events.js';
import type { FeedMemory } from './feed-memory.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { type Conditioning, conditioningOf, type GuidedInput, guidedPrediction } from './guidance.js';
import { heldNetworks } from './held-networks.js';
import { motionAmountAt } from './motion-amounts.js';
import type { NetworkName, Networks } from './networks.js';
import type { Previews } from './preview.js';
import { type ProgressReports, progressReports } from './progress-reports.js';
import type { Unet } from './unet.js';
import { unetFormOf } from './unet-form-of.js';
import { type NonFinite, nonFinite, type UnetGuard } from './unet-guard.js';

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
  readonly guard: UnetGuard;
  /** Makes the pictures of a step's event. */
  readonly previews?: Previews | undefined;
  /** Called after each step, before its event. */
  readonly checkpoint?: (step: number, latents: Float32Tensor) => PipelineEvent | undefined;
}

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/** All frames are denoised together, step by step (Guo et al. 2023, section 4.4). */
export async function* denoise(request: DenoiseRequest): Events<Float32Tensor> {
  const { run, options, first, guard } = request;
  const { signal } = options;
  const reports = progressReports();
  const memory = request.unet.memory();
  let release: (() => Promise<void>) | undefined = yield* holdUnet(request, reports);
  try {
    const steps = run.timesteps.length;
    const clock = timeLeft(steps - first);
    const caching = resolveDeepCache(options.deepCache);
    const cache = caching && deepCache(caching, steps);
    let { latents } = request;
    for (let step = first; step < steps; step++) {
      signal?.throwIfAborted();
      const timestep = run.timesteps[step]!;
      const input = float32Tensor(run.scaleInput(latents.data, step), latents.shape);
      cache?.begin(step);
      const prediction = (): Promise<Float32Array | NonFinite> =>
        predict(request, input, step, cache, memory);
      let output = yield* reports.during(prediction);
      // A prediction draws nothing and leaves the sampler as it was, so the step can be taken again as if for the first time.
      while ('frames' in output) {
        yield { type: 'warning', warning: guard.fallBack(output, { step, timestep }) };
        const letGo = release;
        release = undefined;
        await letGo?.();
        release = yield* holdUnet(request, reports);
        // Features of the other precision may be what went wrong.
        cache?.clear();
        output = yield* reports.during(prediction);
      }
      const { sample, denoised: clean } = run.step(output, latents.data, step);
      latents = float32Tensor(sample, latents.shape);
      const denoised = float32Tensor(clean, latents.shape);
      const preview = request.previews && (yield* request.previews(denoised, step));
      yield {
        type: 'step-end',
        step,
        steps,
        timestep,
        latents,
        denoised,
        ...(preview && { preview }),
        secondsLeft: clock.stepDone(),
      };
      const saved = request.checkpoint?.(step, latents);
      if (saved !== undefined) yield saved;
    }
    return latents;
  } finally {
    memory?.dispose();
    await release?.();
  }
}

/** Brings the UNet into memory, in the precision that the guard says, until the function that is returned is called. */
function holdUnet(
  { networks, options, guard }: DenoiseRequest,
  reports: ProgressReports,
): Events<() => Promise<void>> {
  const deepFeatures = resolveDeepCache(options.deepCache);
  const form = unetFormOf({ ...options, deepFeatures, precision: guard.precision });
  const names: readonly NetworkName[] = deepFeatures ? ['unet', 'unet_shallow'] : ['unet'];
  return heldNetworks(networks, names, { signal: options.signal, form }, reports);
}

/** What the UNet predicts for all frames; where it gives no numbers, what is wrong. */
async function predict(
  { unet, run, conditioning, windows, options, guard }: DenoiseRequest,
  input: Float32Tensor,
  step: number,
  cache: DeepCache | undefined,
  memory: FeedMemory | undefined,
): Promise<Float32Array | NonFinite> {
  const { signal, viewWindows, guidanceBatching: batching, guidanceRescale: rescale } = options;
  const progress = step / run.timesteps.length;
  const guidance = {
    scale: guidanceAt(options, progress),
    rescale,
    batching,
  };
  const ask = (sample: Float32Tensor, frames: readonly number[] | undefined): Promise<Float32Array> =>
    guidedPrediction(
      unet,
      {
        sample,
        timestep: run.timesteps[step]!,
        progress,
        viewWindows,
        freeU: options.freeU,
        precision: guard.precision,
        deepFeatures: cache?.of(frames),
        ...motionOf(options, progress, frames),
      },
      frames ? conditioningOf(conditioning, frames) : conditioning,
      guidance,
      { signal, memory },
    );
  if (windows === undefined) {
    const output = await ask(input, undefined);
    return nonFinite(output, input.shape, undefined) ?? output;
  }
  const sum = windows.fuse(input.shape);
  // Samplers of several evaluations a step keep their windows for all of them.
  const kept = Math.max(Math.trunc(options.numInferenceSteps * options.strength), 1);
  const samplerStep = Math.floor((step * kept) / run.timesteps.length);
  for (const [index, window] of windows.at(samplerStep).entries()) {
    signal?.throwIfAborted();
    const sample = takeFrames(input, window);
    const output = await ask(sample, window);
    const wrong = nonFinite(output, sample.shape, { index, frames: window });
    if (wrong) return wrong;
    sum.add(window, output);
  }
  return sum.result();
}

/** Strength of guidance at a step. */
function guidanceAt(
  { guidanceScale, guidanceSchedule, guidanceInterval: [start, end] = [0, 1] }: ResolvedGenerateOptions,
  progress: number,
): number {
  return progress >= start && progress < end ? guidanceScale * scaleAt(guidanceSchedule, progress) : 1;
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

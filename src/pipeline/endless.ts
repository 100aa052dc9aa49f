import type { Float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import { randomSeed } from '../core/torch-random.js';
import type { Warning } from '../core/warnings.js';
import { plainUnet } from '../models/unet-form.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import type { DiagonalWindow } from '../windows/diagonal-windows.js';
import type { PipelineComponents } from './components.js';
import { decodedFrame } from './decode-frames.js';
import {
  type EndlessOptions,
  type ResolvedEndlessOptions,
  resolveEndlessOptions,
} from './endless-options.js';
import { endlessPrompts } from './endless-prompts.js';
import { type EndlessQueue, endlessQueue, type HeadStep } from './endless-queue.js';
import type { PipelineEvent } from './events.js';
import type { FeedMemory } from './feed-memory.js';
import { announced } from './generation.js';
import type { GenerationParts } from './generation-parts.js';
import { guidedPrediction } from './guidance.js';
import { heldNetworks } from './held-networks.js';
import type { NetworkName } from './networks.js';
import type { OpenedModel } from './opened-model.js';
import { type ProgressReports, progressReports } from './progress-reports.js';
import { chosenScheduler, guidanceWarnings, type SamplingDefaults, stepsOf } from './sampling-defaults.js';
import { type NonFinite, nonFinite } from './unet-guard.js';
import { vaeNetwork, vaeTiles } from './vae-tiling.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/**
 * Checks what is asked of a model.
 * @throws `invalid-options`.
 */
export function endlessRequest(
  options: EndlessOptions,
  sampling: SamplingDefaults,
  { nativeSize }: Pick<OpenedModel, 'nativeSize'>,
  { unet, vae }: PipelineComponents,
): {
  readonly resolved: ResolvedEndlessOptions;
  readonly scheduler: Scheduler;
  readonly warnings: readonly Warning[];
} {
  const { onlySampler, numInferenceSteps, guidanceScale } = sampling.preset;
  const { scheduler, warnings } = chosenScheduler(sampling, options?.scheduler);
  const resolved = resolveEndlessOptions(options, {
    maxFrames: unet.maxFrames,
    size: nativeSize,
    sizeMultiple: vae.latentScale,
    guidanceScale,
    numInferenceSteps: stepsOf(scheduler) ?? (onlySampler ? numInferenceSteps : undefined),
  });
  const guidance = guidanceWarnings(sampling, resolved.guidanceScale);
  return { resolved, scheduler, warnings: [...warnings, ...guidance] };
}

/**
 * Frames without end, one a round: all of the queue take a step, the first is clean then and shown. The caller drives it;
 * nothing is computed before it is asked for, and what is kept does not grow.
 */
export async function* endless(parts: GenerationParts, options: ResolvedEndlessOptions): Events<void> {
  const { width, height, windowLength, lookahead, numInferenceSteps: steps, signal } = options;
  const { scheduler, latentChannels, components } = parts;
  const scale = components.vae.latentScale;
  const seed = options.seed ?? randomSeed();
  const frameShape = [1, latentChannels, 1, height / scale, width / scale];
  const queue = endlessQueue({ scheduler, steps, seed, frameShape, windowLength, lookahead });
  const { timesteps } = queue;
  const tiles = vaeTiles(height / scale, width / scale, scale, options.vaeTiling);
  const decoder = vaeNetwork('vae_decoder', tiles);
  const latents = queue.start();
  const numFrames = Number.POSITIVE_INFINITY;
  const none = { warnings: [] };
  yield* announced(parts, { numFrames, width, height }, none, { seed, latents, run: queue });

  const prompts = endlessPrompts(parts, options);
  const reports = progressReports();
  const memory = components.unet.memory();
  const networks = stayingNetworks(parts, reports, signal);
  // Prompts that change are encoded again and again.
  const keepsEncoder = typeof options.prompt !== 'string' && parts.networks.residency !== 'one';
  const letEncoderGo = keepsEncoder ? parts.networks.keep('text_encoder') : undefined;
  try {
    const negative = yield* prompts.negative();
    const clock = timeLeft(timesteps.length);
    for (;;) {
      for (let next = queue.missing(); next !== undefined; next = queue.missing()) {
        queue.enter(yield* prompts.at(next));
      }
      yield* round(parts, { queue, networks, negative, reports, memory }, options);
      const { frame, ...taken } = queue.advance();
      if (frame === 0) {
        yield { type: 'step-end', steps: timesteps.length, ...taken, secondsLeft: clock.stepDone() };
      }
      if (taken.step + 1 < timesteps.length) continue;
      yield* networks.hold(decoder);
      yield yield* reports.during(() => shown(parts, { frame, ...taken }, options));
    }
  } finally {
    memory?.dispose();
    await networks.release();
    await letEncoderGo?.();
  }
}

/** What a step works with. */
interface Round {
  readonly queue: EndlessQueue;
  readonly networks: StayingNetworks;
  readonly negative: Float32Tensor | undefined;
  readonly reports: ProgressReports;
  readonly memory: FeedMemory | undefined;
}

/** A step of all frames in the queue. */
async function* round(
  { components, guard }: GenerationParts,
  { queue, networks, negative, reports, memory }: Round,
  { windowLength, guidanceScale: scale, guidanceBatching: batching, signal }: ResolvedEndlessOptions,
): Events<void> {
  const ask = async (window: DiagonalWindow, index: number): Promise<Float32Array | NonFinite> => {
    signal?.throwIfAborted();
    const { positive, ...input } = queue.input(window);
    const output = await guidedPrediction(
      components.unet,
      { ...input, precision: guard.precision },
      { positive, negative },
      { scale, rescale: 0, batching },
      { signal, memory },
    );
    const frames = Array.from({ length: windowLength }, (_, at) => window.start + at);
    return nonFinite(output, input.sample.shape, { index, frames }) ?? output;
  };
  yield* networks.hold('unet');
  for (const [index, window] of queue.windows().entries()) {
    let output = yield* reports.during(() => ask(window, index));
    while ('frames' in output) {
      yield { type: 'warning', warning: guard.fallBack(output, queue.place(output.frames[0]!)) };
      await networks.release('unet');
      yield* networks.hold('unet');
      output = yield* reports.during(() => ask(window, index));
    }
    queue.take(window, output);
  }
}

/** The picture of a frame whose last step is taken. */
async function shown(
  { components: { vae } }: GenerationParts,
  { frame, latents }: HeadStep,
  { signal, vaeTiling: tiling }: ResolvedEndlessOptions,
): Promise<PipelineEvent> {
  const { image, pixels } = await decodedFrame(vae, latents, 0, { signal, tiling });
  const frames = Number.POSITIVE_INFINITY;
  return { type: 'frame-decoded', frame, frames, image, pixels, secondsLeft: undefined };
}

/** Networks that stay while frames come: loading them anew for each would take longer than the frame. */
interface StayingNetworks {
  /** Brings a network into memory, if it is not held yet. */
  hold(name: NetworkName): Events<void>;
  /** Lets one go, or all. */
  release(name?: NetworkName): Promise<void>;
}

function stayingNetworks(
  { networks, guard }: Pick<GenerationParts, 'networks' | 'guard'>,
  reports: ProgressReports,
  signal: AbortSignal | undefined,
): StayingNetworks {
  const held = new Map<NetworkName, () => Promise<void>>();
  return {
    async *hold(name) {
      if (held.has(name)) return;
      const form = { ...plainUnet, precision: guard.precision };
      held.set(name, yield* heldNetworks(networks, [name], { signal, form }, reports));
    },
    async release(name) {
      const names = name === undefined ? [...held.keys()] : [name];
      const all = names.map((each) => held.get(each));
      for (const each of names) held.delete(each);
      await Promise.all(all.map((done) => done?.()));
    },
  };
}

import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { frameRandom } from '../noise/frame-random.js';
import { latentSize, setFrame } from '../noise/latent-size.js';
import type { SamplingRun, Scheduler } from '../schedulers/scheduler.js';
import { type DiagonalWindow, diagonalWindows } from '../windows/diagonal-windows.js';
import { invalid } from './component-options.js';
import { latentFrame } from './latents.js';
import { joinRows } from './tensor-rows.js';

/** What the frames of a queue have in common. */
export interface QueueRequest {
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly seed: number;
  /** `[1, channels, 1, height, width]` of a frame's latents. */
  readonly frameShape: readonly number[];
  /** Frames that the network sees at once. */
  readonly windowLength: number;
  readonly lookahead: boolean;
}

/** What the network is asked of a window. */
export interface WindowInput {
  readonly sample: Float32Tensor;
  readonly timestep: readonly number[];
  /** Of the frames that are kept, on average. */
  readonly progress: number;
  /** `[1, tokens, width]` where all frames have the same, else one a frame. */
  readonly positive: Float32Tensor;
}

/** A step of the frame that is to be shown next. */
export interface HeadStep {
  readonly frame: number;
  readonly step: number;
  readonly timestep: number;
  /** `[1, channels, 1, height, width]`. */
  readonly latents: Float32Tensor;
  readonly denoised: Float32Tensor;
}

/** Frames of rising noise, each with a sampler run of its own, that all move on by a step in each round. */
export interface EndlessQueue {
  /** What the network is told at each step of a frame. */
  readonly timesteps: readonly number[];
  /** Start noise of the frames of the first window, `[1, channels, windowLength, height, width]`. */
  start(): Float32Tensor;
  /** The frame that has to enter before the next round; `undefined` when all have. */
  missing(): number | undefined;
  /** Lets the missing frame in. */
  enter(positive: Float32Tensor): void;
  /** The windows of the round. */
  windows(): readonly DiagonalWindow[];
  input(window: DiagonalWindow): WindowInput;
  /** The step that a frame is to take, or for a frame that is shown already the one it took last. */
  place(frame: number): { readonly step: number; readonly timestep: number };
  /** Takes the steps of a window's kept frames. Seen by the windows of the next round only. */
  take(window: DiagonalWindow, output: Float32Array): void;
  /** Ends the round, when all windows were taken. */
  advance(): HeadStep;
}

interface QueuedFrame {
  readonly positive: Float32Tensor;
  readonly run: SamplingRun;
  sample: Float32Array;
  /** The next step; as many as there are when the frame is clean. */
  step: number;
}

/**
 * The queue of Kim et al. 2024, "FIFO-Diffusion", section 3. Unlike there, where it is filled with noised copies of a first
 * clip's frames that are thrown away in part, frames enter one by one from the start and see the noise of those to come
 * until there are enough of them: the first frame shown is the film's first, each has taken all steps of its sampler, which
 * so needs to begin nowhere but at noise, and the first one is there sooner.
 *
 * @throws `invalid-options` for a sampler whose noise rises on the way.
 */
export function endlessQueue(request: QueueRequest): EndlessQueue {
  const { scheduler, steps, seed, frameShape, windowLength: length, lookahead } = request;
  const size = latentSize(frameShape);
  const shapeOf = (frames: number): number[] => [1, size.channels, frames, size.height, size.width];
  const begin = (frame: number): Pick<QueuedFrame, 'run' | 'sample'> => {
    const random = frameRandom(seed, frame);
    const sample = random.normal(size.channels * size.plane);
    const run = scheduler.start({ steps, strength: 1, random });
    return { run, sample: sample.map((value) => value * run.initialSigma) };
  };
  const clipOf = (samples: readonly Float32Array[]): Float32Tensor => {
    const shape = shapeOf(samples.length);
    const clip = new Float32Array(samples.length * size.channels * size.plane);
    for (const [at, sample] of samples.entries()) setFrame(clip, latentSize(shape), at, sample);
    return float32Tensor(clip, shape);
  };

  const { timesteps } = begin(0).run;
  const count = timesteps.length;
  checkFalling(scheduler.name, timesteps);
  const kept = lookahead ? Math.max(Math.floor(length / 2), 1) : length;
  const frames = new Map<number, QueuedFrame>();
  const moved = new Map<number, { readonly sample: Float32Array; readonly denoised: Float32Array }>();
  let tail = 0;
  let entered = 0;
  const head = (): number => Math.max(0, tail - count + 1);

  return {
    timesteps,
    start: () => clipOf(Array.from({ length }, (_, frame) => begin(frame).sample)),
    missing: () => (entered <= Math.max(tail, length - 1) ? entered : undefined),
    enter(positive) {
      frames.set(entered, { positive, step: 0, ...begin(entered) });
      entered++;
    },
    windows: () => diagonalWindows({ head: head(), tail, length, kept }),
    input({ start, from, to }) {
      const seen = Array.from({ length }, (_, at) => frames.get(start + at)!);
      // Frames that are shown already have no noise left: nothing to scale, and the last step's time comes nearest.
      const samples = seen.map(({ run, sample, step }) =>
        step < count ? run.scaleInput(sample, step) : sample,
      );
      const done = seen.slice(from - start, to - start).reduce((sum, { step }) => sum + step, 0);
      return {
        sample: clipOf(samples),
        timestep: seen.map(({ step }) => timesteps[Math.min(step, count - 1)]!),
        progress: done / (to - from) / count,
        positive: contextOf(seen.map(({ positive }) => positive)),
      };
    },
    place(frame) {
      const step = Math.min(frames.get(frame)!.step, count - 1);
      return { step, timestep: timesteps[step]! };
    },
    take({ start, from, to }, output) {
      const clip = float32Tensor(output, shapeOf(length));
      for (let frame = from; frame < to; frame++) {
        const { run, sample, step } = frames.get(frame)!;
        moved.set(frame, run.step(latentFrame(clip, frame - start, 1).data, sample, step));
      }
    },
    advance() {
      const first = head();
      const { step } = frames.get(first)!;
      const { sample, denoised } = moved.get(first)!;
      for (const [frame, { sample: next }] of moved) {
        const queued = frames.get(frame)!;
        queued.sample = next;
        queued.step++;
      }
      moved.clear();
      tail++;
      const [seen] = diagonalWindows({ head: head(), tail, length, kept });
      for (const frame of frames.keys()) if (frame < seen!.start) frames.delete(frame);
      return {
        frame: first,
        step,
        timestep: timesteps[step]!,
        // A copy, since the frame stays in the queue for those behind it to look at.
        latents: float32Tensor(sample.slice(), frameShape),
        denoised: float32Tensor(denoised, frameShape),
      };
    },
  };
}

function contextOf(embeddings: readonly Float32Tensor[]): Float32Tensor {
  const [first] = embeddings;
  if (embeddings.every((each) => each === first)) return first!;
  return joinRows(embeddings);
}

/** Neighbours in the queue must be neighbours in noise. */
function checkFalling(name: string, timesteps: readonly number[]): void {
  const rise = timesteps.findIndex((timestep, step) => timestep > (timesteps[step - 1] ?? timestep));
  if (rise < 0) return;
  invalid(
    `scheduler: '${name}' goes back to more noise at step ${rise} (timestep ${timesteps[rise - 1]} to ${timesteps[rise]}); ` +
      'frames that follow each other in an endless animation must fall in noise alike; use another, such as ddim',
  );
}

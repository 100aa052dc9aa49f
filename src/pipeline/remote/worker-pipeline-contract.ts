import type { BackendCapabilities } from '../../backends/backend.js';
import type { Frame } from '../../media/frame.js';
import type { AdapterStack } from '../adapter-stack.js';
import type { Animation, PipelineEvent, PipelineEventOf } from '../events.js';
import type { GenerationState } from '../generation-state.js';
import type { PipelineInfo } from '../pipeline-info.js';
import type { MemoryPlan, PlanOptions } from '../plan.js';
import type {
  EncodeRequest,
  WorkerEndlessOptions,
  WorkerGenerateOptions,
} from './worker-pipeline-options.js';

/**
 * A pipeline that lives in a worker. What it gives is what `AnimateDiffPipeline` gives, to the bit; nothing of the work is
 * done on this thread. One generation at a time.
 */
export interface WorkerPipeline {
  /** What was loaded, and what was noticed by then. */
  readonly info: PipelineInfo;
  /** As `AnimateDiffPipeline.adapters`; sources are read on this side. */
  readonly adapters: AdapterStack;
  /**
   * As `AnimateDiffPipeline.stream`: the worker goes on when the next event is asked for, and stops when the loop is left.
   * Pictures are handed over without copying. An abort rejects at once with the signal's reason; the network that runs in
   * the worker then ends first.
   * @throws as `AnimateDiffPipeline.stream` does; `invalid-options` for an option that cannot travel; `backend` when the
   * worker ends.
   */
  stream(options: WorkerGenerateOptions): AsyncGenerator<PipelineEvent, void, undefined>;
  /** As `AnimateDiffPipeline.resume`. @throws as {@link WorkerPipeline.stream} does. */
  resume(
    state: GenerationState,
    options?: Pick<
      WorkerGenerateOptions,
      'signal' | 'scheduler' | 'checkpointEvery' | 'preview' | 'previewEvery'
    >,
  ): AsyncGenerator<PipelineEvent, void, undefined>;
  /** As `AnimateDiffPipeline.endless`. @throws as {@link WorkerPipeline.stream} does. */
  endless(options: WorkerEndlessOptions): AsyncGenerator<PipelineEvent, void, undefined>;
  /** Makes an animation; the same as draining {@link WorkerPipeline.stream}. */
  generate(options: WorkerGenerateOptions): Promise<Animation>;
  /**
   * Frames as a file's bytes, encoded in the worker. They are sent one by one and stay yours.
   * @throws `invalid-options`; `unsupported` where the worker cannot write the format.
   */
  encode(frames: readonly Frame[], request: EncodeRequest): Promise<Uint8Array<ArrayBuffer>>;
  /** Expected memory of a generation with this pipeline. */
  plan(options?: PlanOptions): Promise<MemoryPlan>;
  /** What the worker's backend offers. */
  capabilities(): Promise<BackendCapabilities>;
  /**
   * Listens to the events of every generation, whoever drives it.
   * @returns A function that stops listening.
   */
  on<T extends PipelineEvent['type']>(type: T, listener: (event: PipelineEventOf<T>) => void): () => void;
  /** Ends a generation under way with `disposed`, then the worker, whose memory comes back whole. Idempotent. */
  dispose(): Promise<void>;
  /** The same as {@link WorkerPipeline.dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

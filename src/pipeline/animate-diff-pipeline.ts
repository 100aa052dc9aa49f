import { type Emitter, typedEmitter } from '../core/emitter.js';
import { AnimateDiffError } from '../core/errors.js';
import type { AdapterStack } from './adapter-stack.js';
import type { BatchEvent, BatchOptions } from './batch-options.js';
import type { PipelineComponents } from './components.js';
import type { EndlessOptions } from './endless-options.js';
import type { Animation, PipelineEvent, PipelineEventOf } from './events.js';
import type { GenerateOptions } from './generate-options.js';
import type { GenerationState } from './generation-state.js';
import { checkLoadOptions, checkPlanOptions, type LoadOptions, type ModelOptions } from './load-options.js';
import type { PipelineCore, Work } from './pipeline-core.js';
import type { PipelineInfo } from './pipeline-info.js';
import type { MemoryPlan, PlanOptions } from './plan.js';

type Listeners = { [T in PipelineEvent['type']]: [event: PipelineEventOf<T>] };

/**
 * Turns prompts into animations with a Stable Diffusion 1.x model and an AnimateDiff motion module (Guo et al. 2023).
 * Make one with {@link AnimateDiffPipeline.load}; it serves one generation at a time.
 */
export class AnimateDiffPipeline {
  /** The parts, for loops of one's own. */
  readonly components: PipelineComponents;
  /** What was loaded, and what was noticed. */
  readonly info: PipelineInfo;
  /** LoRAs, MotionLoRAs, domain adapters and textual inversions: added, changed and removed while nothing runs. */
  readonly adapters: AdapterStack;
  readonly #core: PipelineCore;
  readonly #emitter: Emitter<Listeners> = typedEmitter<Listeners>();
  readonly #disposal = new AbortController();

  private constructor(core: PipelineCore) {
    this.#core = core;
    this.components = core.components;
    this.info = core.info;
    this.adapters = core.adapters;
  }

  /**
   * Opens a model's files, checks that they fit together, and brings the networks that stay into memory.
   * @throws `invalid-options`, `weights-format`, `weights-mismatch`, `unsupported`, `numerics`, `out-of-memory`,
   * `backend`; or the signal's reason. Nothing stays open or in memory then.
   */
  static async load(options: LoadOptions): Promise<AnimateDiffPipeline> {
    checkLoadOptions(options);
    options.signal?.throwIfAborted();
    // What makes animations comes with the first model: until then a page needs only the names of things.
    const { loadPipeline } = await import('./pipeline-core.js');
    return new AnimateDiffPipeline(await loadPipeline(options));
  }

  /** Expected memory of a model, from its files' headers alone. */
  static async plan(options: ModelOptions & PlanOptions): Promise<MemoryPlan> {
    checkPlanOptions(options);
    const { planMemory } = await import('./plan.js');
    return planMemory(options);
  }

  /** Expected memory of a generation with this pipeline. */
  plan(options: PlanOptions = {}): Promise<MemoryPlan> {
    return this.#core.plan(options);
  }

  /**
   * Makes an animation, as events while it comes into being; the last one carries the result. The caller drives it:
   * leaving the loop stops the work and lets go of what it held.
   * @throws `invalid-options`, `busy` while another generation runs, `disposed`, `numerics`, `out-of-memory`,
   * `backend`; or the signal's reason.
   */
  async *stream(options: GenerateOptions): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#exclusive(options, this.#core.stream(options));
  }

  /**
   * Goes on with a generation from a `checkpoint` event's state, to the same frames, bit for bit: in this process or
   * another, with a pipeline of the same files, adapters and scheduler.
   * @throws as `stream` does; `weights-format` for a state that is none, `invalid-options` for one of another scheduler.
   */
  async *resume(
    state: GenerationState,
    options: Pick<
      GenerateOptions,
      'signal' | 'scheduler' | 'checkpointEvery' | 'preview' | 'previewEvery'
    > = {},
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#exclusive(options, this.#core.resume(state, options));
  }

  /**
   * Makes many animations, each the same as `generate` makes it, and brings each network into memory as seldom as can
   * be: prompts are encoded together, then the UNet stays. Animations come one after the other; with `residency: 'one'`
   * all are denoised first. All options are checked before anything is done.
   * @throws as `stream` does; `details.job` tells whose option is wrong.
   */
  async *batch(options: BatchOptions): AsyncGenerator<BatchEvent, void, undefined> {
    yield* this.#exclusive(options, await this.#core.batch(options));
  }

  /**
   * Makes an animation that goes on for as long as it is asked for more: after a start-up of `step-end` events, a
   * `frame-decoded` event for each frame, in order. Nothing is computed ahead of the caller, and memory does not grow;
   * the UNet and the decoder stay in memory until the loop is left. The longer the queue, the steadier: see
   * {@link EndlessOptions} (Kim et al. 2024, "FIFO-Diffusion").
   * @throws as `stream` does; `invalid-options` too without a motion module, and for a sampler whose noise rises on the way.
   */
  async *endless(options: EndlessOptions): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#exclusive(options, await this.#core.endless(options));
  }

  /** Gives events, and mirrors them to the listeners, while nothing else may begin. */
  async *#exclusive<E extends PipelineEvent | BatchEvent>(
    options: Pick<GenerateOptions, 'signal'>,
    start: Work<E>,
  ): AsyncGenerator<E, void, undefined> {
    const release = this.#core.lock.take('makes another animation');
    try {
      const signals = [this.#disposal.signal, ...(options.signal ? [options.signal] : [])];
      const signal = AbortSignal.any(signals);
      signal.throwIfAborted();
      for await (const each of start(signal)) {
        const all: PipelineEvent | BatchEvent = each;
        const event = 'item' in all ? all.event : all;
        if (event.type !== 'job-error') this.#emit(event);
        yield each;
      }
    } finally {
      release();
    }
  }

  /** Makes an animation; the same as draining {@link AnimateDiffPipeline.stream}. */
  async generate(options: GenerateOptions): Promise<Animation> {
    for await (const event of this.stream(options)) {
      if (event.type === 'generation-end') return event.animation;
    }
    throw new AnimateDiffError('backend', 'the generation ended without a result');
  }

  /**
   * Listens to the events of every generation, whoever drives it. A listener that throws does not stop it.
   * @returns A function that stops listening.
   */
  on<T extends PipelineEvent['type']>(type: T, listener: (event: PipelineEventOf<T>) => void): () => void {
    return this.#emitter.on(type, listener as never);
  }

  /** Ends a generation under way with `disposed` and frees all memory. Idempotent. The backend is the caller's. */
  async dispose(): Promise<void> {
    if (!this.#disposal.signal.aborted) {
      this.#disposal.abort(new AnimateDiffError('disposed', 'the pipeline was disposed'));
    }
    this.#core.lock.close();
    this.#emitter.clear();
    await this.#core.dispose();
  }

  /** The same as {@link AnimateDiffPipeline.dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #emit(event: PipelineEvent): void {
    this.#emitter.emit(event.type, event as never);
  }
}

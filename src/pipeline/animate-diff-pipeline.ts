import { type Emitter, typedEmitter } from '../core/emitter.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import { finalAlpha } from '../schedulers/presets.js';
import { type ActiveAdapters, activeAdapters } from './active-adapters.js';
import { type AdapterStack, adapterStack } from './adapter-stack.js';
import type { BatchEvent, BatchOptions } from './batch-options.js';
import { type PipelineComponents, pipelineComponents } from './components.js';
import type { EndlessOptions } from './endless-options.js';
import type { Animation, PipelineEvent, PipelineEventOf } from './events.js';
import { type ExclusiveLock, exclusiveLock } from './exclusive-lock.js';
import type { GenerateOptions } from './generate-options.js';
import { generation } from './generation.js';
import type { GenerationParts } from './generation-parts.js';
import { generationRequest, type ResolvedGeneration } from './generation-request.js';
import { checked as checkedState, type GenerationState } from './generation-state.js';
import { checkLoadOptions, type LoadOptions, type ModelOptions } from './load-options.js';
import { networkPrecision } from './network-precision.js';
import { type Networks, networks } from './networks.js';
import { type OpenedModel, openModel, trainedGroupNorm } from './opened-model.js';
import type { PipelineInfo } from './pipeline-info.js';
import { type MemoryPlan, type PlanOptions, planMemory, planModel, usualResidency } from './plan.js';
import { type SamplingDefaults, samplingDefaults } from './sampling-defaults.js';
import { restoredOptions } from './saved-options.js';
import { pickTokenizer } from './tokenizer.js';
import { unetGuard } from './unet-guard.js';

interface PipelineParts {
  readonly model: OpenedModel;
  readonly nets: Networks;
  readonly sampling: SamplingDefaults;
  readonly components: PipelineComponents;
  readonly info: PipelineInfo;
  readonly warnings: Warning[];
  readonly adapters: AdapterStack;
  readonly active: ActiveAdapters;
  readonly lock: ExclusiveLock;
}

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
  readonly #model: OpenedModel;
  readonly #networks: Networks;
  readonly #sampling: SamplingDefaults;
  readonly #warnings: Warning[];
  readonly #active: ActiveAdapters;
  readonly #lock: ExclusiveLock;
  readonly #emitter: Emitter<Listeners> = typedEmitter<Listeners>();
  readonly #disposal = new AbortController();

  private constructor(parts: PipelineParts) {
    this.#model = parts.model;
    this.#networks = parts.nets;
    this.#sampling = parts.sampling;
    this.#warnings = parts.warnings;
    this.#active = parts.active;
    this.#lock = parts.lock;
    this.components = parts.components;
    this.info = parts.info;
    this.adapters = parts.adapters;
  }

  /**
   * Opens a model's files, checks that they fit together, and brings the networks that stay into memory.
   * @throws `invalid-options`, `weights-format`, `weights-mismatch`, `unsupported`, `numerics`, `out-of-memory`,
   * `backend`; or the signal's reason. Nothing stays open or in memory then.
   */
  static async load(options: LoadOptions): Promise<AnimateDiffPipeline> {
    checkLoadOptions(options);
    const { backend, signal, onProgress } = options;
    signal?.throwIfAborted();
    const warnings: Warning[] = [];
    onProgress?.({ phase: 'open', component: options.checkpoint.name, loaded: 0, total: 1 });
    const model = await openModel(options, (warning) => warnings.push(warning));
    let nets: Networks | undefined;
    try {
      onProgress?.({ phase: 'open', component: options.checkpoint.name, loaded: 1, total: 1 });
      const capabilities = await backend.capabilities();
      const sampling = samplingDefaults(model, options.scheduler);
      const tokenizer = await pickTokenizer(options.tokenizer, model.checkpoint, { signal });
      const { precision, warnings: ofPrecision } = networkPrecision(options, capabilities);
      const residency = options.residency ?? usualResidency(model, precision);
      const groupNorm = options.motionGroupNorm ?? trainedGroupNorm(model);
      const active = activeAdapters(model, (warning) => {
        // A network that is loaded again finds the same again.
        if (!warnings.some(({ message }) => message === warning.message)) warnings.push(warning);
      });
      nets = networks(model, backend, capabilities, residency, groupNorm, active, precision);
      const lock = exclusiveLock();
      const { renew } = nets;
      const adapters = adapterStack({
        model,
        active,
        renew,
        scheduler: sampling.scheduler.name,
        exclusive: lock.run,
      });
      for (const adapter of options.adapters ?? []) {
        warnings.push(...(await adapters.add(adapter, { signal })).warnings);
      }
      await nets.preload({ signal, onProgress });
      const ofDevice = [...capabilities.notes.map(selfTestWarning), ...ofPrecision];
      warnings.unshift(...model.warnings, ...sampling.warnings, ...ofDevice);
      const info: PipelineInfo = {
        label: model.label,
        motionModule: model.motion && { ...pick(model.motion.module), groupNorm },
        backend: backend.name,
        device: capabilities.device,
        precision: precision.unet,
        vaePrecision: precision.vae,
        quantization: precision.quantization,
        scheduler: sampling.scheduler.name,
        nativeSize: model.nativeSize,
        warnings,
      };
      const components = pipelineComponents(model, nets, tokenizer, active);
      return new AnimateDiffPipeline({
        model,
        nets,
        sampling,
        components,
        info,
        warnings,
        adapters,
        active,
        lock,
      });
    } catch (error) {
      await nets?.dispose();
      throw error;
    } finally {
      await model.close();
    }
  }

  /** Expected memory of a model, from its files' headers alone. */
  static plan(options: ModelOptions & PlanOptions): Promise<MemoryPlan> {
    return planMemory(options);
  }

  /** Expected memory of a generation with this pipeline. */
  plan(options: PlanOptions = {}): Promise<MemoryPlan> {
    const { precision, vaePrecision, quantization } = this.info;
    return planModel(this.#model, {
      ...options,
      precision: options.precision ?? precision,
      vaePrecision: options.vaePrecision ?? vaePrecision,
      quantization: options.quantization ?? quantization,
    });
  }

  /**
   * Makes an animation, as events while it comes into being; the last one carries the result. The caller drives it:
   * leaving the loop stops the work and lets go of what it held.
   * @throws `invalid-options`, `busy` while another generation runs, `disposed`, `numerics`, `out-of-memory`,
   * `backend`; or the signal's reason.
   */
  async *stream(options: GenerateOptions): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#drive(options, this.#request(options), undefined);
  }

  /**
   * Goes on with a generation from a `checkpoint` event's state, to the same frames, bit for bit: in this process or
   * another, with a pipeline of the same files, adapters and scheduler.
   * @throws as `stream` does; `weights-format` for a state that is none, `invalid-options` for one of another scheduler.
   */
  async *resume(
    state: GenerationState,
    options: Pick<GenerateOptions, 'signal' | 'scheduler' | 'checkpointEvery'> = {},
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    const saved = restoredOptions(checkedState(state));
    const given = { ...saved.options, ...options };
    const parts = this.#request(given);
    const resolved = { ...parts.resolved, strength: saved.strength };
    yield* this.#drive(given, { ...parts, resolved }, state);
  }

  /**
   * Makes many animations, each the same as `generate` makes it, and brings each network into memory as seldom as can
   * be: prompts are encoded together, then the UNet stays. Animations come one after the other; with `residency: 'one'`
   * all are denoised first. All options are checked before anything is done.
   * @throws as `stream` does; `details.job` tells whose option is wrong.
   */
  async *batch(options: BatchOptions): AsyncGenerator<BatchEvent, void, undefined> {
    // Loaded when it is used: most pages make one animation.
    const [{ batch }, { batchRequests, checkedJob }] = await Promise.all([
      import('./batch.js'),
      import('./batch-options.js'),
    ]);
    const resolved = batchRequests(options).map((request) => ({
      item: request.item,
      ...checkedJob(request, () => this.#request(request.options)),
    }));
    const { onError = 'stop' } = options;
    yield* this.#exclusive(options, (signal) => {
      const jobs = resolved.map(({ item, ...each }) => ({
        item,
        parts: this.#parts(each),
        options: { ...each.resolved, signal },
      }));
      return batch(jobs, { networks: this.#networks, onError, signal });
    });
  }

  /**
   * Makes an animation that goes on for as long as it is asked for more: after a start-up of `step-end` events, a
   * `frame-decoded` event for each frame, in order. Nothing is computed ahead of the caller, and memory does not grow;
   * the UNet and the decoder stay in memory until the loop is left. The longer the queue, the steadier: see
   * {@link EndlessOptions} (Kim et al. 2024, "FIFO-Diffusion").
   * @throws as `stream` does; `invalid-options` too without a motion module, and for a sampler whose noise rises on the way.
   */
  async *endless(options: EndlessOptions): AsyncGenerator<PipelineEvent, void, undefined> {
    // Those who never ask for it do not load it.
    const { endless, endlessRequest } = await import('./endless.js');
    const prepared = endlessRequest(options, this.#sampling, this.#model, this.components);
    const parts = this.#parts({ ...prepared, windows: undefined });
    yield* this.#exclusive(options, (signal) => endless(parts, { ...prepared.resolved, signal }));
  }

  async *#drive(
    options: Pick<GenerateOptions, 'signal'>,
    prepared: ResolvedGeneration,
    from: GenerationState | undefined,
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#exclusive(options, (signal) =>
      generation(this.#parts(prepared), { ...prepared.resolved, signal }, from),
    );
  }

  /** Gives events, and mirrors them to the listeners, while nothing else may begin. */
  async *#exclusive<E extends PipelineEvent | BatchEvent>(
    options: Pick<GenerateOptions, 'signal'>,
    start: (signal: AbortSignal) => AsyncIterable<E>,
  ): AsyncGenerator<E, void, undefined> {
    const release = this.#lock.take('makes another animation');
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

  #parts({
    scheduler,
    warnings,
    windows,
    resolved,
  }: Omit<ResolvedGeneration, 'resolved'> & {
    readonly resolved: Pick<ResolvedGeneration['resolved'], 'onNonFinite'>;
  }): GenerationParts {
    return {
      components: this.components,
      networks: this.#networks,
      scheduler,
      inversions: this.#active.inversions(),
      latentChannels: this.#model.vae.config.latentChannels,
      finalAlpha: finalAlpha(this.#sampling.noise),
      windows,
      guard: unetGuard(this.info.precision, resolved.onNonFinite),
      warnings: [...this.#warnings, ...warnings],
    };
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
    this.#lock.close();
    this.#emitter.clear();
    await this.#networks.dispose();
    await Promise.all([this.#model.close(), this.#active.close()]);
  }

  /** The same as {@link AnimateDiffPipeline.dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #request(options: GenerateOptions): ResolvedGeneration {
    return generationRequest(options, this.#sampling, this.#model, this.components);
  }

  #emit(event: PipelineEvent): void {
    this.#emitter.emit(event.type, event as never);
  }
}

function pick({ label, version, maxFrames }: { label: string; version: string; maxFrames: number }): {
  label: string;
  version: string;
  maxFrames: number;
} {
  return { label, version, maxFrames };
}

function selfTestWarning(note: string): Warning {
  return { code: 'device-self-test', message: note };
}

import { type Emitter, typedEmitter } from '../core/emitter.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import type { MotionGroupNorm } from '../models/unet-config.js';
import { finalAlpha } from '../schedulers/presets.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import { type ActiveAdapters, activeAdapters } from './active-adapters.js';
import { type AdapterStack, adapterStack } from './adapter-stack.js';
import { type PipelineComponents, pipelineComponents } from './components.js';
import type { WindowPlan } from './denoise.js';
import type { Animation, PipelineEvent, PipelineEventOf } from './events.js';
import { type ExclusiveLock, exclusiveLock } from './exclusive-lock.js';
import {
  type GenerateOptions,
  type ResolvedGenerateOptions,
  resolveGenerateOptions,
} from './generate-options.js';
import { generation } from './generation.js';
import { checked as checkedState, type GenerationState } from './generation-state.js';
import { checkLoadOptions, type LoadOptions, type ModelOptions, schedulerIssue } from './load-options.js';
import { type Networks, networks } from './networks.js';
import { type OpenedModel, openModel, trainedGroupNorm } from './opened-model.js';
import { type MemoryPlan, type PlanOptions, planMemory, planModel, usualResidency } from './plan.js';
import {
  guidanceWarnings,
  type SamplingDefaults,
  samplingDefaults,
  schedulerFor,
  stepsOf,
} from './sampling-defaults.js';
import { restoredOptions } from './saved-options.js';
import { pickTokenizer } from './tokenizer.js';
import { checkFrameCount } from './unet.js';
import { windowPlan } from './window-plan.js';

/** What a loaded pipeline is made of. */
export interface PipelineInfo {
  /** Names of checkpoint and motion module. */
  readonly label: string;
  /** `undefined` for the image model alone. */
  readonly motionModule:
    | {
        readonly label: string;
        readonly version: string;
        readonly maxFrames: number;
        readonly groupNorm: MotionGroupNorm;
      }
    | undefined;
  /** Name of the backend. */
  readonly backend: string;
  /** The device in words. */
  readonly device: string;
  /** Name of the sampler. */
  readonly scheduler: string;
  /** What was noticed while loading. */
  readonly warnings: readonly Warning[];
}

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

interface ResolvedGeneration {
  readonly resolved: ResolvedGenerateOptions;
  readonly scheduler: Scheduler;
  readonly windows: WindowPlan | undefined;
  readonly warnings: readonly Warning[];
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
      const residency = options.residency ?? usualResidency(model);
      const groupNorm = options.motionGroupNorm ?? trainedGroupNorm(model);
      const active = activeAdapters(model, (warning) => {
        // A network that is loaded again finds the same again.
        if (!warnings.some(({ message }) => message === warning.message)) warnings.push(warning);
      });
      nets = networks(model, backend, capabilities, residency, groupNorm, active);
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
      warnings.unshift(...model.warnings, ...sampling.warnings, ...capabilities.notes.map(selfTestWarning));
      const info: PipelineInfo = {
        label: model.label,
        motionModule: model.motion && { ...pick(model.motion.module), groupNorm },
        backend: backend.name,
        device: capabilities.device,
        scheduler: sampling.scheduler.name,
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
    return planModel(this.#model, options);
  }

  /**
   * Makes an animation, as events while it comes into being; the last one carries the result. The caller drives it:
   * leaving the loop stops the work and lets go of what it held.
   * @throws `invalid-options`, `busy` while another generation runs, `disposed`, `numerics`, `out-of-memory`,
   * `backend`; or the signal's reason.
   */
  async *stream(options: GenerateOptions): AsyncGenerator<PipelineEvent, void, undefined> {
    yield* this.#drive(options, this.#resolve(options), undefined);
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
    const parts = this.#resolve(given);
    const resolved = { ...parts.resolved, strength: saved.strength };
    yield* this.#drive(given, { ...parts, resolved }, state);
  }

  async *#drive(
    options: Pick<GenerateOptions, 'signal'>,
    { resolved, scheduler, warnings, windows }: ResolvedGeneration,
    from: GenerationState | undefined,
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    const release = this.#lock.take('makes another animation');
    try {
      const signals = [this.#disposal.signal, ...(options.signal ? [options.signal] : [])];
      const signal = AbortSignal.any(signals);
      signal.throwIfAborted();
      const parts = {
        components: this.components,
        networks: this.#networks,
        scheduler,
        inversions: this.#active.inversions(),
        latentChannels: this.#model.vae.config.latentChannels,
        finalAlpha: finalAlpha(this.#sampling.noise),
        windows,
        warnings: [...this.#warnings, ...warnings],
      };
      for await (const event of generation(parts, { ...resolved, signal }, from)) {
        this.#emit(event);
        yield event;
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
    this.#lock.close();
    this.#emitter.clear();
    await this.#networks.dispose();
    await Promise.all([this.#model.close(), this.#active.close()]);
  }

  /** The same as {@link AnimateDiffPipeline.dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #resolve(options: GenerateOptions): ResolvedGeneration {
    const { vae, unet } = this.components;
    const { preset } = this.#sampling;
    const given = options?.scheduler;
    // Wrong ones are told with all other options.
    const { scheduler, warnings } =
      given !== undefined && schedulerIssue(given).length === 0
        ? schedulerFor(this.#sampling, given)
        : { scheduler: this.#sampling.scheduler, warnings: [] };
    const resolved = resolveGenerateOptions(options, {
      numFrames: Math.min(16, unet.maxFrames),
      size: this.#model.nativeSize,
      sizeMultiple: vae.latentScale,
      numInferenceSteps: stepsOf(scheduler) ?? preset.numInferenceSteps,
      guidanceScale: preset.guidanceScale,
    });
    const { numFrames } = resolved;
    const { maxFrames } = unet;
    if (this.#model.motion === undefined) checkFrameCount(numFrames, maxFrames, undefined);
    const windows = windowPlan(resolved.context, numFrames, maxFrames);
    const guidance = guidanceWarnings(this.#sampling, resolved.guidanceScale);
    return { resolved, scheduler, windows, warnings: [...warnings, ...guidance] };
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

import { finalAlpha } from '../schedulers/presets.js';
import type { BatchEvent, BatchOptions } from './batch-options.js';
import type { EndlessOptions } from './endless-options.js';
import type { PipelineEvent } from './events.js';
import type { GenerateOptions } from './generate-options.js';
import { generation } from './generation.js';
import type { GenerationParts } from './generation-parts.js';
import { generationRequest, type ResolvedGeneration } from './generation-request.js';
import { checked as checkedState, type GenerationState } from './generation-state.js';
import type { LoadOptions } from './load-options.js';
import { loadParts, type PipelineParts } from './load-parts.js';
import { type MemoryPlan, type PlanOptions, planModel } from './plan.js';
import { restoredOptions } from './saved-options.js';
import { unetGuard } from './unet-guard.js';

/** What was asked for and checked; it begins when it is called, and ends by the signal. */
export type Work<E> = (signal: AbortSignal) => AsyncIterable<E>;

/** A loaded pipeline without its listeners: what stands behind each method of `AnimateDiffPipeline`, under the same name. */
export interface PipelineCore extends Pick<PipelineParts, 'components' | 'info' | 'adapters' | 'lock'> {
  /** @throws `invalid-options`. */
  stream(options: GenerateOptions): Work<PipelineEvent>;
  /** @throws `weights-format`, `invalid-options`. */
  resume(state: GenerationState, options: Partial<GenerateOptions>): Work<PipelineEvent>;
  /** @throws `invalid-options`. */
  batch(options: BatchOptions): Promise<Work<BatchEvent>>;
  /** @throws `invalid-options`. */
  endless(options: EndlessOptions): Promise<Work<PipelineEvent>>;
  plan(options: PlanOptions): Promise<MemoryPlan>;
  /** Frees all memory. */
  dispose(): Promise<void>;
}

/** Loads all that `AnimateDiffPipeline` stands for. @throws as its `load` does. */
export async function loadPipeline(options: LoadOptions): Promise<PipelineCore> {
  return pipelineCore(await loadParts(options));
}

function pipelineCore(loaded: PipelineParts): PipelineCore {
  const { model, networks, sampling, components, info, adapters, active, lock } = loaded;
  const request = (options: GenerateOptions): ResolvedGeneration =>
    generationRequest(options, sampling, model, components);
  return {
    components,
    info,
    adapters,
    lock,
    stream(options) {
      const { resolved, ...rest } = request(options);
      return (signal) =>
        generation(partsOf(loaded, { resolved, ...rest }), { ...resolved, signal }, undefined);
    },
    resume(state, options) {
      const saved = restoredOptions(checkedState(state));
      const { resolved: anew, ...rest } = request({ ...saved.options, ...options });
      const resolved = { ...anew, strength: saved.strength };
      return (signal) => generation(partsOf(loaded, { resolved, ...rest }), { ...resolved, signal }, state);
    },
    async batch(options) {
      // Loaded when it is used: most pages make one animation.
      const [{ batch }, { batchRequests, checkedJob }] = await Promise.all([
        import('./batch.js'),
        import('./batch-options.js'),
      ]);
      const checked = batchRequests(options).map((each) => ({
        item: each.item,
        ...checkedJob(each, () => request(each.options)),
      }));
      const { onError = 'stop' } = options;
      return (signal) => {
        const jobs = checked.map(({ item, ...each }) => ({
          item,
          parts: partsOf(loaded, each),
          options: { ...each.resolved, signal },
        }));
        return batch(jobs, { networks, onError, signal });
      };
    },
    async endless(options) {
      // Those who never ask for it do not load it.
      const { endless, endlessRequest } = await import('./endless.js');
      const prepared = endlessRequest(options, sampling, model, components);
      const whole = { ...prepared, windows: undefined };
      return (signal) => endless(partsOf(loaded, whole), { ...prepared.resolved, signal });
    },
    plan({
      precision = info.precision,
      vaePrecision = info.vaePrecision,
      quantization = info.quantization,
      residency = networks.residency,
      ...options
    }) {
      const own = { precision, vaePrecision, quantization, residency };
      return planModel(model, { ...options, ...own }, networks.dialect);
    },
    async dispose() {
      await networks.dispose();
      await Promise.all([model.close(), active.close()]);
    },
  };
}

function partsOf(
  { components, networks, active, model, sampling, info, previewMemory, warnings: found }: PipelineParts,
  {
    scheduler,
    warnings,
    windows,
    resolved,
  }: Omit<ResolvedGeneration, 'resolved'> & {
    readonly resolved: Pick<ResolvedGeneration['resolved'], 'onNonFinite'>;
  },
): GenerationParts {
  return {
    components,
    networks,
    scheduler,
    inversions: active.inversions(),
    latentChannels: model.vae.config.latentChannels,
    finalAlpha: finalAlpha(sampling.noise),
    windows,
    guard: unetGuard(info.precision, resolved.onNonFinite),
    previewMemory,
    warnings: [...found, ...warnings],
  };
}

import type { Warning } from '../core/warnings.js';
import { deepEntry } from '../models/shallow-unet.js';
import type { Scheduler } from '../schedulers/scheduler.js';
import { mostFrames } from '../windows/frame-count.js';
import type { PipelineComponents } from './components.js';
import { resolveDeepCache } from './deep-cache-options.js';
import type { WindowPlan } from './denoise.js';
import {
  type GenerateOptions,
  type ResolvedGenerateOptions,
  resolveGenerateOptions,
} from './generate-options.js';
import { withNoiseInjection } from './noise-injection.js';
import type { OpenedModel } from './opened-model.js';
import { chosenScheduler, guidanceWarnings, type SamplingDefaults, stepsOf } from './sampling-defaults.js';
import { checkFrameCount } from './unet.js';
import { checkViews } from './view-feeds.js';
import { windowPlan } from './window-plan.js';

/** A generation that was checked against its model. */
export interface ResolvedGeneration {
  readonly resolved: ResolvedGenerateOptions;
  readonly scheduler: Scheduler;
  readonly windows: WindowPlan | undefined;
  readonly warnings: readonly Warning[];
}

/**
 * Checks what is asked of a model, and settles what was left open.
 * @throws `invalid-options`.
 */
export function generationRequest(
  options: GenerateOptions,
  sampling: SamplingDefaults,
  model: OpenedModel,
  { unet, vae }: PipelineComponents,
): ResolvedGeneration {
  const { preset } = sampling;
  const { scheduler, warnings } = chosenScheduler(sampling, options?.scheduler);
  const resolved = resolveGenerateOptions(options, {
    numFrames: Math.min(16, unet.maxFrames),
    size: model.nativeSize,
    sizeMultiple: vae.latentScale,
    numInferenceSteps: stepsOf(scheduler) ?? preset.numInferenceSteps,
    guidanceScale: preset.guidanceScale,
  });
  const { numFrames, viewWindows } = resolved;
  const { maxFrames } = unet;
  if (model.motion === undefined) checkFrameCount(numFrames, maxFrames, undefined);
  const windows = windowPlan(resolved.context, numFrames, viewWindows ? mostFrames : maxFrames);
  if (viewWindows) checkViews(viewWindows, model.motion, windows ? undefined : numFrames);
  const cache = resolveDeepCache(resolved.deepCache);
  if (cache) deepEntry(model.unet.config, cache.branch, 'deepCache.branch');
  const guidance = guidanceWarnings(sampling, resolved.guidanceScale);
  const injected = withNoiseInjection(scheduler, resolved.noiseInjection);
  return { resolved, scheduler: injected, windows, warnings: [...warnings, ...guidance] };
}

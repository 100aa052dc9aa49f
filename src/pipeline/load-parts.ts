import type { Warning } from '../core/warnings.js';
import { type ActiveAdapters, activeAdapters } from './active-adapters.js';
import { type AdapterStack, adapterStack } from './adapter-stack.js';
import { type PipelineComponents, pipelineComponents } from './components.js';
import { type ExclusiveLock, exclusiveLock } from './exclusive-lock.js';
import type { LoadOptions } from './load-options.js';
import { networkPrecision } from './network-precision.js';
import { type Networks, networks } from './networks.js';
import { type OpenedModel, openModel, trainedGroupNorm } from './opened-model.js';
import type { PipelineInfo } from './pipeline-info.js';
import { usualResidency } from './plan.js';
import type { PreviewMemory } from './preview.js';
import { type SamplingDefaults, samplingDefaults } from './sampling-defaults.js';
import { pickTokenizer } from './tokenizer.js';

/** What a pipeline is made of. */
export interface PipelineParts {
  /** Its files, closed until they are read again. */
  readonly model: OpenedModel;
  readonly networks: Networks;
  /** How its files want to be sampled. */
  readonly sampling: SamplingDefaults;
  readonly components: PipelineComponents;
  readonly info: PipelineInfo;
  /** Those of `info`, which grow while networks are loaded. */
  readonly warnings: readonly Warning[];
  readonly adapters: AdapterStack;
  /** What the adapters come to. */
  readonly active: ActiveAdapters;
  readonly lock: ExclusiveLock;
  readonly previewMemory: PreviewMemory;
}

/**
 * Opens a model's files and brings the networks that stay into memory. The options are those that `checkLoadOptions`
 * let through.
 * @throws as `AnimateDiffPipeline.load` does. Nothing stays open or in memory then.
 */
export async function loadParts(options: LoadOptions): Promise<PipelineParts> {
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
    return {
      model,
      networks: nets,
      sampling,
      components,
      info,
      warnings,
      adapters,
      active,
      lock,
      previewMemory: {},
    };
  } catch (error) {
    await nets?.dispose();
    throw error;
  } finally {
    await model.close();
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

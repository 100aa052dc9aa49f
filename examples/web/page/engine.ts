import { AnimateDiffError, type BackendCapabilities, type LoadProgress } from 'animatediff-js';
import { type WorkerPipeline, workerPipeline } from 'animatediff-js/web';
import { type AdapterPart, type ModelChoice, sameParts } from './model-choice.js';

export type Device = 'webgpu' | 'wasm';

/** How a pipeline is asked for. */
export interface PipelineRequest {
  readonly choice: ModelChoice;
  readonly device: Device;
  readonly signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

/** Holds the one pipeline of this page: loaded when first needed, and again when its files or its device change. */
export interface Engine {
  /** The pipeline for a choice, with the choice's adapters at their scales. @throws what loading throws. */
  pipeline(request: PipelineRequest): Promise<WorkerPipeline>;
  /** The pipeline that is loaded, for whatever choice. */
  current(): WorkerPipeline | undefined;
  /** What the loaded pipeline's device offers. */
  capabilities(): Promise<BackendCapabilities | undefined>;
  /** Ends the worker, so that its memory comes back; the next request loads anew. */
  discard(): Promise<void>;
}

interface Loaded {
  readonly choice: ModelChoice;
  readonly device: Device;
  readonly pipeline: WorkerPipeline;
}

export function createEngine(): Engine {
  let loaded: Loaded | undefined;

  async function discard(): Promise<void> {
    const before = loaded;
    loaded = undefined;
    await before?.pipeline.dispose();
  }

  async function load({ choice, device, signal, onProgress }: PipelineRequest): Promise<WorkerPipeline> {
    const { checkpoint, motionModule, vae, adapters } = choice;
    if (checkpoint === undefined) throw missingCheckpoint();
    // Two models at once may not fit.
    await discard();
    const pipeline = await workerPipeline(startWorker, {
      backend: { device },
      checkpoint: checkpoint.source,
      motionModule: motionModule?.source,
      vae: vae?.source,
      adapters: adapters.map(scaled),
      signal,
      onProgress,
    });
    loaded = { choice, device, pipeline };
    return pipeline;
  }

  return {
    async pipeline(request) {
      const { choice, device, signal, onProgress } = request;
      if (loaded === undefined || loaded.device !== device || !sameParts(loaded.choice, choice)) {
        return load(request);
      }
      const { pipeline } = loaded;
      await bringAdapters(pipeline, choice.adapters, { signal, onProgress });
      return pipeline;
    },
    current: () => loaded?.pipeline,
    capabilities: async () => loaded?.pipeline.capabilities(),
    discard,
  };
}

function missingCheckpoint(): AnimateDiffError {
  const message = 'a motion module moves what a checkpoint draws, and no checkpoint was chosen';
  return new AnimateDiffError('invalid-options', message, { details: { missing: 'checkpoint' } });
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'pipeline' });
}

function scaled({ adapter, scale }: AdapterPart): AdapterPart['adapter'] {
  return adapter.kind === 'textual-inversion' ? adapter : { ...adapter, scale };
}

async function bringAdapters(
  { adapters }: WorkerPipeline,
  wanted: readonly AdapterPart[],
  options: Pick<PipelineRequest, 'signal' | 'onProgress'>,
): Promise<void> {
  const there = new Map(adapters.list().map((info) => [info.name, info]));
  for (const part of wanted) {
    const { name } = part.adapter;
    const info = there.get(name);
    there.delete(name);
    if (info === undefined) await adapters.add(scaled(part), options);
    else if (info.scale !== undefined && info.scale !== part.scale) {
      await adapters.setScale(name, part.scale, options);
    }
  }
  // Last, since live adapters on the same layers can then take over without a network being loaded.
  for (const name of there.keys()) await adapters.remove(name, options);
}

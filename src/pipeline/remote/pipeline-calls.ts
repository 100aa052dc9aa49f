import type { AdapterScale } from '../../adapters/adapter-scale.js';
import type { BackendCapabilities } from '../../backends/backend.js';
import type { IterableCalls, IterableId } from '../../core/port/port-iterables.js';
import type { Frame } from '../../media/frame.js';
import type { AdapterInfo } from '../adapter-info.js';
import type { GenerationState } from '../generation-state.js';
import type { PipelineInfo } from '../pipeline-info.js';
import type { MemoryPlan, PlanOptions } from '../plan.js';
import type { SourceCalls } from './source-handle.js';
import type {
  EncodeRequest,
  WorkerEndlessOptions,
  WorkerGenerateOptions,
  WorkerPipelineOptions,
} from './worker-pipeline-options.js';

/** What a worker that serves a pipeline says it serves. */
export const pipelineService = 'pipeline';

/** Options of a load on their way, unchecked: sources are handles. */
export interface LoadRequest
  extends Omit<
    Partial<WorkerPipelineOptions>,
    'checkpoint' | 'motionModule' | 'vae' | 'tokenizer' | 'adapters'
  > {
  readonly checkpoint?: unknown;
  readonly motionModule?: unknown;
  readonly vae?: unknown;
  readonly tokenizer?: unknown;
  readonly adapters?: unknown;
}

/** What a worker is asked to make, event by event. */
export type WorkRequest =
  | { readonly work: 'stream'; readonly options: Omit<WorkerGenerateOptions, 'signal'> }
  | { readonly work: 'endless'; readonly options: Omit<WorkerEndlessOptions, 'signal'> }
  | {
      readonly work: 'resume';
      readonly state: GenerationState;
      readonly options: Pick<
        WorkerGenerateOptions,
        'scheduler' | 'checkpointEvery' | 'preview' | 'previewEvery'
      >;
    };

/** The adapters after a change, and what the change was about. */
export interface AdapterAnswer {
  readonly list: readonly AdapterInfo[];
  readonly info?: AdapterInfo | undefined;
}

/** What is to be encoded; the worker asks for the frames. */
export interface EncodeCall {
  /** Names the frames; chosen by the page. */
  readonly frames: number;
  readonly count: number;
  readonly request: EncodeRequest;
}

/** What the page asks of the worker. */
export interface PipelineCalls extends IterableCalls {
  /** Events are load progress. */
  load: {
    request: LoadRequest;
    answer: { readonly info: PipelineInfo; readonly list: readonly AdapterInfo[] };
  };
  open: { request: IterableId & WorkRequest; answer: undefined };
  /** Events of all changes of adapters are load progress. The adapter's source is a handle. */
  addAdapter: { request: { readonly adapter: unknown }; answer: AdapterAnswer };
  setAdapterScale: {
    request: { readonly name: string; readonly scale: AdapterScale };
    answer: AdapterAnswer;
  };
  removeAdapter: { request: { readonly name: string }; answer: AdapterAnswer };
  plan: { request: PlanOptions; answer: MemoryPlan };
  capabilities: { request: undefined; answer: BackendCapabilities };
  /** Events are the encoder's progress. */
  encode: { request: EncodeCall; answer: Uint8Array<ArrayBuffer> };
  dispose: { request: undefined; answer: undefined };
}

/** What the worker asks of the page. */
export interface PageCalls extends SourceCalls {
  frame: { request: { readonly frames: number; readonly index: number }; answer: Frame };
}

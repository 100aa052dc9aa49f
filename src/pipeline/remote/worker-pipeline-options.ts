import type { Adapter } from '../../adapters/adapter.js';
import type { ModelSource } from '../../core/source.js';
import type { ContactSheetOptions } from '../../media/contact-sheet.js';
import type { EncodeOptions } from '../../media/encode-options.js';
import type { GifOptions } from '../../media/gif.js';
import type { Mp4Options } from '../../media/mp4-web.js';
import type { PngOptions } from '../../media/png.js';
import type { WebpOptions } from '../../media/webp.js';
import type { EndlessOptions } from '../endless-options.js';
import type { GenerateOptions } from '../generate-options.js';
import type { LoadOptions } from '../load-options.js';

/**
 * A sampler that is made in the worker: a name that `schedulerFromName` knows, such as `dpmpp_2m_karras`, alone or with
 * options under our names. It takes the model's own noise schedule unless the options say otherwise.
 */
export type SchedulerChoice =
  | string
  | {
      /** As `schedulerFromName` takes it. */
      readonly name: string;
      /** Options of that sampler, such as `{ useKarrasSigmas: true }`. */
      readonly options?: Readonly<Record<string, unknown>> | undefined;
    };

/**
 * Options of `workerPipeline`: those of `AnimateDiffPipeline.load` as far as they can travel. Sources and adapters stay
 * where they are and are read from the worker, so that any source works. Of functions only `onProgress` travels.
 */
export interface WorkerPipelineOptions extends Omit<LoadOptions, 'backend' | 'scheduler' | 'tokenizer'> {
  /** Plain data for the function that was given to `servePipeline`, such as `{ device: 'wasm' }`. Default `undefined`. */
  backend?: unknown;
  /** See {@link SchedulerChoice}. Default: the sampler that the motion module was made for. */
  scheduler?: SchedulerChoice | undefined;
  /** A folder with `vocab.json` and `merges.txt`. Default: the checkpoint folder's, or CLIP's. */
  tokenizer?: ModelSource | undefined;
  /** What the pipeline begins with; the adapters' sources are read from the worker. */
  adapters?: readonly Adapter[] | undefined;
}

/** Options of a generation in a worker: plain data and a signal. */
export interface WorkerGenerateOptions extends Omit<GenerateOptions, 'scheduler'> {
  /** See {@link SchedulerChoice}. Default: the pipeline's. */
  scheduler?: SchedulerChoice | undefined;
}

/** Options of an endless animation in a worker: plain data and a signal. */
export interface WorkerEndlessOptions extends Omit<EndlessOptions, 'scheduler' | 'prompt'> {
  /** What to show, the same for all frames. */
  prompt: string;
  /** See {@link SchedulerChoice}. Default: the pipeline's. */
  scheduler?: SchedulerChoice | undefined;
}

/** What frames are to become, with that format's own options. */
export type EncodeRequest =
  | ({ readonly format: 'gif' } & GifOptions)
  | ({ readonly format: 'webp' } & WebpOptions)
  | ({ readonly format: 'apng' } & EncodeOptions)
  /** The first frame alone. */
  | ({ readonly format: 'png' } & PngOptions)
  /** All frames side by side in one PNG. */
  | ({ readonly format: 'png-sheet' } & ContactSheetOptions & PngOptions)
  /** Where the worker has WebCodecs. */
  | ({ readonly format: 'mp4' } & Mp4Options);

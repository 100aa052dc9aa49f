import { typedEmitter } from '../../core/emitter.js';
import { AnimateDiffError } from '../../core/errors.js';
import { connect } from '../../core/port/connect.js';
import type { PortLike } from '../../core/port/port.js';
import { remoteIterable } from '../../core/port/remote-iterable.js';
import type { LoadProgress } from '../../core/progress.js';
import type { EncodeProgress } from '../../media/encode-options.js';
import type { Animation, PipelineEvent, PipelineEventOf } from '../events.js';
import type { GenerationState } from '../generation-state.js';
import { givenFrames } from './given-frames.js';
import { givenSources } from './given-sources.js';
import { type PageCalls, type PipelineCalls, pipelineService, type WorkRequest } from './pipeline-calls.js';
import { receivedEvents } from './received-events.js';
import { remoteAdapters } from './remote-adapters.js';
import { travellingChoice } from './travelling-choice.js';
import type { WorkerPipeline } from './worker-pipeline-contract.js';
import type {
  WorkerEndlessOptions,
  WorkerGenerateOptions,
  WorkerPipelineOptions,
} from './worker-pipeline-options.js';

type Listeners = { [T in PipelineEvent['type']]: [event: PipelineEventOf<T>] };

/**
 * Loads a pipeline in a worker whose file calls `servePipeline` of `animatediff-js/worker`. This side brings none of the
 * pipeline's code.
 *
 * @param worker A `Worker`, or a function that starts one. It belongs to the pipeline from now on and ends with it, also
 *   when loading fails.
 * @throws as `AnimateDiffPipeline.load` does; `invalid-options` for an option that cannot travel; `backend` when the
 * worker does not start.
 */
export async function workerPipeline(
  worker: PortLike | (() => PortLike),
  options: WorkerPipelineOptions,
): Promise<WorkerPipeline> {
  const { signal, onProgress, adapters: initial, ...rest } = options ?? {};
  const sources = givenSources();
  const frames = givenFrames();
  const connection = await connect<PageCalls, PipelineCalls>({
    worker,
    service: pipelineService,
    server: 'servePipeline',
    handlers: { ...sources.handlers, ...frames.handlers },
    signal,
  });
  const { endpoint } = connection;
  const end = (error: unknown): Promise<void> =>
    connection.end(error, () => endpoint.call('dispose', undefined));

  async function load(): Promise<PipelineCalls['load']['answer']> {
    try {
      const { checkpoint, motionModule, vae, tokenizer } = rest;
      const request = {
        ...rest,
        ...sources.giveAll({ checkpoint, motionModule, vae, tokenizer }),
        scheduler: travellingChoice(rest.scheduler),
        // What is no list is left for the worker to complain about.
        adapters: Array.isArray(initial) ? initial.map(sources.giveAdapter) : initial,
      };
      const onEvent = onProgress && ((event: unknown) => onProgress(event as LoadProgress));
      return await endpoint.call('load', request, { signal, onEvent });
    } catch (error) {
      const ended = end(error);
      // An abort rejects at once; a worker of Node ends when it can.
      if (signal?.aborted !== true) await ended;
      throw error;
    }
  }

  const { info, list } = await load();
  const emitter = typedEmitter<Listeners>();
  let nextWork = 0;
  let disposal: Promise<void> | undefined;

  async function* events(
    work: WorkRequest['work'],
    given: WorkerGenerateOptions | WorkerEndlessOptions | Partial<WorkerGenerateOptions>,
    state?: GenerationState,
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    const { signal, ...asked } = given ?? {};
    const id = { iterable: nextWork++ };
    const open = () => {
      const own = { ...asked, scheduler: travellingChoice(asked.scheduler) };
      const request = { ...id, work, options: own, ...(state && { state }) };
      return endpoint.call('open', request as PipelineCalls['open']['request'], { signal });
    };
    for await (const event of receivedEvents(remoteIterable({ endpoint, id, open, signal }))) {
      emitter.emit(event.type, event as never);
      yield event;
    }
  }

  const pipeline: WorkerPipeline = {
    info,
    adapters: remoteAdapters(endpoint, sources, initial, list),
    stream: (asked) => events('stream', asked),
    endless: (asked) => events('endless', asked),
    resume: (state, asked = {}) => events('resume', asked, state),
    async generate(asked): Promise<Animation> {
      for await (const event of pipeline.stream(asked)) {
        if (event.type === 'generation-end') return event.animation;
      }
      throw new AnimateDiffError('backend', 'the generation ended without a result');
    },
    async encode(given, { signal: encodeSignal, ...request }) {
      const { onProgress: tell, ...plain } = request as typeof request & {
        onProgress?: ((progress: EncodeProgress) => void) | undefined;
      };
      const id = frames.give(given);
      try {
        const onEvent = tell && ((event: unknown) => tell(event as EncodeProgress));
        const call = { frames: id, count: given?.length ?? 0, request: plain };
        return await endpoint.call('encode', call, { signal: encodeSignal, onEvent });
      } finally {
        frames.takeBack(id);
      }
    },
    plan: (asked = {}) => endpoint.call('plan', asked),
    capabilities: () => endpoint.call('capabilities', undefined),
    on: (type, listener) => emitter.on(type, listener as never),
    dispose: () => {
      emitter.clear();
      disposal ??= end(new AnimateDiffError('disposed', 'the pipeline was disposed'));
      return disposal;
    },
    [Symbol.asyncDispose]: () => pipeline.dispose(),
  };
  return pipeline;
}

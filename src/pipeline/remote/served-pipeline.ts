import type { Backend } from '../../backends/backend.js';
import { AnimateDiffError } from '../../core/errors.js';
import type { CallContext, Endpoint, PortHandlers } from '../../core/port/port-calls.js';
import type { IterableCalls, PortIterables } from '../../core/port/port-iterables.js';
import type { Warning } from '../../core/warnings.js';
import type { AdapterStack } from '../adapter-stack.js';
import { AnimateDiffPipeline } from '../animate-diff-pipeline.js';
import type { PipelineEvent } from '../events.js';
import type { LoadOptions } from '../load-options.js';
import { encodeInWorker } from './encode-in-worker.js';
import type { AdapterAnswer, LoadRequest, PageCalls, PipelineCalls, WorkRequest } from './pipeline-calls.js';
import { remoteSource } from './remote-source.js';
import { schedulerOfChoice } from './scheduler-choice.js';
import { sentEvents } from './sent-events.js';

/** What {@link servedPipeline} needs. */
export interface ServedPipelineRequest {
  makeBackend(options: unknown): Promise<Backend>;
  /** The way to the page; asked for when it is needed. */
  page(): Endpoint<PageCalls>;
  readonly iterables: PortIterables;
}

/** The worker's side of a pipeline: one, loaded once. */
export interface ServedPipeline {
  readonly handlers: PortHandlers<Omit<PipelineCalls, keyof IterableCalls>>;
  /** Ends everything. Idempotent. */
  dispose(): Promise<void>;
}

interface Loaded {
  readonly backend: Backend;
  readonly pipeline: AnimateDiffPipeline;
  /** Of the sampler's name. */
  readonly warnings: readonly Warning[];
}

/** Answers the page's calls with a pipeline. */
export function servedPipeline({ makeBackend, page, iterables }: ServedPipelineRequest): ServedPipeline {
  const disposal = new AbortController();
  let loading: Promise<Loaded> | undefined;
  let ending: Promise<void> | undefined;

  async function load(request: LoadRequest, context: CallContext): Promise<Loaded> {
    const { backend: backendOptions, scheduler: choice, ...rest } = request;
    const { scheduler, warnings } = schedulerOfChoice(choice);
    const backend = await makeBackend(backendOptions);
    try {
      const options = {
        ...withSources(rest, page()),
        backend,
        scheduler,
        signal: AbortSignal.any([context.signal, disposal.signal]),
        onProgress: context.emit,
      };
      // Checked by load itself, as what any caller gives.
      const pipeline = await AnimateDiffPipeline.load(options as unknown as LoadOptions);
      return { backend, pipeline, warnings };
    } catch (error) {
      await backend.dispose();
      throw error;
    }
  }

  async function loaded(): Promise<Loaded> {
    disposal.signal.throwIfAborted();
    if (loading !== undefined) return loading;
    throw new AnimateDiffError('invalid-options', 'no pipeline was loaded in this worker');
  }

  async function* work(
    request: WorkRequest,
    signal: AbortSignal,
  ): AsyncGenerator<PipelineEvent, void, undefined> {
    const { pipeline, warnings } = await loaded();
    const { scheduler, warnings: own } = schedulerOfChoice(request.options?.scheduler);
    const chosen = { scheduler, signal };
    const events =
      request.work === 'stream'
        ? pipeline.stream({ ...request.options, ...chosen })
        : request.work === 'endless'
          ? pipeline.endless({ ...request.options, ...chosen })
          : pipeline.resume(request.state, { ...request.options, ...chosen });
    yield* sentEvents(events, own, scheduler === undefined ? warnings : []);
  }

  /** Changes adapters once a generation that was aborted is out of the way. */
  async function changed(
    change: (adapters: AdapterStack) => Promise<AdapterAnswer['info'] | undefined>,
  ): Promise<AdapterAnswer> {
    const { pipeline } = await loaded();
    await iterables.settled();
    const info = await change(pipeline.adapters);
    return { list: pipeline.adapters.list(), info };
  }

  async function end(): Promise<void> {
    disposal.abort(new AnimateDiffError('disposed', 'the pipeline was disposed'));
    iterables.abort(disposal.signal.reason);
    const found = await loading?.catch(() => undefined);
    await found?.pipeline.dispose();
    await found?.backend.dispose();
  }

  return {
    dispose: () => {
      ending ??= end();
      return ending;
    },
    handlers: {
      load: async (request, context) => {
        disposal.signal.throwIfAborted();
        if (loading !== undefined) throw new AnimateDiffError('busy', 'this worker has a pipeline already');
        loading = load(request, context);
        const { pipeline, warnings } = await loading;
        const info = { ...pipeline.info, warnings: [...pipeline.info.warnings, ...warnings] };
        return { info, list: pipeline.adapters.list() };
      },
      open: async ({ iterable, ...request }) => {
        iterables.open({ iterable }, (signal) => work(request as WorkRequest, signal));
        return undefined;
      },
      addAdapter: ({ adapter }, { signal, emit }) =>
        changed((adapters) => {
          const found = withSource(adapter, page());
          return adapters.add(found as Parameters<AdapterStack['add']>[0], { signal, onProgress: emit });
        }),
      setAdapterScale: ({ name, scale }, { signal, emit }) =>
        changed((adapters) => adapters.setScale(name, scale, { signal, onProgress: emit })),
      removeAdapter: ({ name }, { signal, emit }) =>
        changed(async (adapters) => {
          await adapters.remove(name, { signal, onProgress: emit });
          return undefined;
        }),
      plan: async (options) => (await loaded()).pipeline.plan(options),
      capabilities: async () => (await loaded()).backend.capabilities(),
      encode: (request, context) => encodeInWorker(page(), request, context),
      dispose: async () => {
        ending ??= end();
        await ending;
        return undefined;
      },
    },
  };
}

function withSources({ adapters, ...rest }: LoadRequest, page: Endpoint<PageCalls>): object {
  const { checkpoint, motionModule, vae, tokenizer } = rest;
  const sources = Object.entries({ checkpoint, motionModule, vae, tokenizer });
  return {
    ...rest,
    ...Object.fromEntries(sources.map(([name, given]) => [name, remoteSource(page, given)])),
    adapters: Array.isArray(adapters) ? adapters.map((each) => withSource(each, page)) : adapters,
  };
}

function withSource(adapter: unknown, page: Endpoint<PageCalls>): unknown {
  if (typeof adapter !== 'object' || adapter === null) return adapter;
  return { ...adapter, source: remoteSource(page, (adapter as { source?: unknown }).source) };
}

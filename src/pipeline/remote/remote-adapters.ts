import type { Endpoint } from '../../core/port/port-calls.js';
import type { LoadProgress } from '../../core/progress.js';
import type { ModelSource } from '../../core/source.js';
import type { AdapterInfo } from '../adapter-info.js';
import type { AdapterChangeOptions, AdapterStack } from '../adapter-stack.js';
import type { GivenSources } from './given-sources.js';
import type { PipelineCalls } from './pipeline-calls.js';
import type { WorkerPipelineOptions } from './worker-pipeline-options.js';

/** The adapters of a pipeline in a worker. @param initial Those that it was loaded with. */
export function remoteAdapters(
  endpoint: Endpoint<PipelineCalls>,
  sources: GivenSources,
  initial: WorkerPipelineOptions['adapters'],
  list: readonly AdapterInfo[],
): AdapterStack {
  let current = list;
  const inUse = new Map<string, ModelSource>((initial ?? []).map(({ name, source }) => [name, source]));
  const letGo = (source: ModelSource | undefined): void => {
    if (source && ![...inUse.values()].includes(source)) sources.takeBack(source);
  };
  const told = ({ signal, onProgress }: AdapterChangeOptions) => ({
    signal,
    onEvent: onProgress && ((event: unknown) => onProgress(event as LoadProgress)),
  });
  return {
    list: () => current,
    async add(adapter, options = {}) {
      try {
        const request = { adapter: sources.giveAdapter(adapter) };
        const { list, info } = await endpoint.call('addAdapter', request, told(options));
        current = list;
        inUse.set(adapter.name, adapter.source);
        return info!;
      } catch (error) {
        letGo(adapter?.source);
        throw error;
      }
    },
    async setScale(name, scale, options = {}) {
      const { list, info } = await endpoint.call('setAdapterScale', { name, scale }, told(options));
      current = list;
      return info!;
    },
    async remove(name, options = {}) {
      current = (await endpoint.call('removeAdapter', { name }, told(options))).list;
      const source = inUse.get(name);
      inUse.delete(name);
      letGo(source);
    },
  };
}

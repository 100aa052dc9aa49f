import type { Backend } from '../../backends/backend.js';
import type { PortLike } from '../../core/port/port.js';
import type { Endpoint, PortHandlers } from '../../core/port/port-calls.js';
import { portIterables } from '../../core/port/port-iterables.js';
import { serveCalls } from '../../core/port/serve.js';
import { portToPage } from '../../core/port/worker-scope.js';
import { type PageCalls, type PipelineCalls, pipelineService } from './pipeline-calls.js';
import { servedPipeline } from './served-pipeline.js';

/**
 * Makes the backend that a worker's pipeline runs on, from the plain data that `workerPipeline` was given as `backend`. It
 * comes from another thread: check it, as `ortWeb` does with its options.
 */
export type MakeBackend<Options = never> = (options: Options) => Backend | Promise<Backend>;

/**
 * Serves one pipeline to the page that started this worker; all of a worker's file:
 *
 * ```ts
 * servePipeline((options) => ortWeb(options));
 * ```
 *
 * Call it while the file is first run or at any later time.
 * @param port Where the page is. Default: the worker's own global scope; on Node give `parentPort`.
 * @throws `invalid-options` where there is no such port.
 */
export function servePipeline<Options = never>(makeBackend: MakeBackend<Options>, port?: PortLike): void {
  const iterables = portIterables();
  const own = servedPipeline({
    makeBackend: async (options) => makeBackend(options as Options),
    page: () => endpoint,
    iterables,
  });
  const handlers: PortHandlers<PipelineCalls> = { ...own.handlers, ...iterables.handlers };
  const endpoint: Endpoint<PageCalls> = serveCalls<PipelineCalls, PageCalls>({
    port: portToPage(port, 'servePipeline'),
    service: pipelineService,
    handlers,
    onLost: () => void own.dispose(),
  });
}

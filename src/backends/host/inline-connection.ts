import type { HostConnection } from './host-connection.js';
import type { RuntimeService } from './host-protocol.js';

/** Calls a runtime on the application's own thread, which every call blocks. */
export function inlineConnection(service: RuntimeService): HostConnection {
  return {
    alive: true,
    sharesMemory: true,
    call: (call, request) => service[call](request as never) as Promise<never>,
    end: async () => undefined,
  };
}

import { openEndpoint } from './endpoint.js';
import { holdLifeLock } from './life-lock.js';
import type { PortLike } from './port.js';
import type { Endpoint, PortCalls, PortHandlers } from './port-calls.js';

/** What {@link serveCalls} needs. */
export interface ServeRequest<Ours extends PortCalls<Ours>> {
  readonly port: PortLike;
  /** What is served, in a word. */
  readonly service: string;
  readonly handlers: PortHandlers<Ours>;
  /** The page is gone. */
  onLost(): void;
}

/** Answers calls, and says so: of itself, and when it is asked. */
export function serveCalls<Ours extends PortCalls<Ours>, Theirs extends PortCalls<Theirs>>({
  port,
  service,
  handlers,
  onLost,
}: ServeRequest<Ours>): Endpoint<Theirs> {
  const lock = holdLifeLock(port);
  const greet = async (): Promise<void> => endpoint.post({ kind: 'hello', service, lock: await lock });
  const endpoint = openEndpoint<Ours, Theirs>({
    port,
    peer: 'the page',
    handlers,
    onLost,
    onGreeting: ({ kind }) => {
      if (kind === 'ping') void greet();
    },
  });
  void greet();
  return endpoint;
}

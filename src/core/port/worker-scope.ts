import { AnimateDiffError } from '../errors.js';
import type { PortLike } from './port.js';
import { isPort } from './port-listener.js';

/**
 * The port to whoever started this worker: the one given, or the global scope of a dedicated worker.
 * @param what The function that was given the port, for errors.
 * @throws `invalid-options` where there is none.
 */
export function portToPage(port: PortLike | undefined, what: string): PortLike {
  if (port !== undefined) {
    if (isPort(port)) return port;
    throw new AnimateDiffError('invalid-options', `${what}: expected a MessagePort, or parentPort of Node`);
  }
  const scope: unknown = globalThis;
  // A page's window has the same functions, but talks to nobody in particular.
  if ('importScripts' in globalThis && isPort(scope)) return scope;
  throw new AnimateDiffError(
    'invalid-options',
    `${what}: this is no dedicated worker of a browser; give the port, which is parentPort in a worker of Node`,
  );
}

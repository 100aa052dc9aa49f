import type { PortLike } from './port.js';

/** What a port tells. */
export interface PortEvents {
  message(data: unknown): void;
  /** Nothing will come any more; `reason` in words. */
  lost(reason: string): void;
}

/** Ports of Node have `on`, those of browsers are event targets; a `MessagePort` of Node is both. */
interface NodePort extends PortLike {
  on(type: string, listener: (argument: unknown) => void): void;
  off(type: string, listener: (argument: unknown) => void): void;
}
interface WebPort extends PortLike {
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  start?(): void;
}

/** Whether something can carry messages both ways. */
export function isPort(value: unknown): value is PortLike {
  const port = value as Partial<NodePort & WebPort> | null | undefined;
  const listens = typeof port?.on === 'function' || typeof port?.addEventListener === 'function';
  return listens && typeof port?.postMessage === 'function';
}

/** Whether a port is one of Node's, which tell of their end by themselves. */
export function isNodePort(port: PortLike): boolean {
  return typeof (port as Partial<NodePort>).on === 'function';
}

/**
 * Listens to a port.
 * @returns A function that stops listening.
 */
export function listenToPort(port: PortLike, events: PortEvents): () => void {
  return isNodePort(port) ? listenOnNode(port as NodePort, events) : listenOnWeb(port as WebPort, events);
}

function listenOnNode(port: NodePort, { message, lost }: PortEvents): () => void {
  let problem: string | undefined;
  const listeners: Readonly<Record<string, (argument: unknown) => void>> = {
    message,
    messageerror: (error) => lost(`a message could not be read: ${wordsOf(error)}`),
    // The exit that follows tells the end.
    error: (error) => {
      problem = wordsOf(error);
    },
    exit: (code) => lost(problem ?? `its thread exited with code ${String(code)}`),
    close: () => lost('its port was closed'),
  };
  for (const [type, listener] of Object.entries(listeners)) port.on(type, listener);
  return () => {
    for (const [type, listener] of Object.entries(listeners)) port.off(type, listener);
  };
}

function listenOnWeb(port: WebPort, { message, lost }: PortEvents): () => void {
  const listeners: Readonly<Record<string, (event: Event) => void>> = {
    message: (event) => message((event as MessageEvent).data),
    messageerror: () => lost('a message could not be read'),
    // Of a worker: its file could not be loaded, or an error was not caught in it. What it was doing is lost either way.
    error: (event) => lost((event as Partial<ErrorEvent>).message || 'its file could not be loaded or run'),
    close: () => lost('its port was closed'),
  };
  for (const [type, listener] of Object.entries(listeners)) port.addEventListener(type, listener);
  port.start?.();
  return () => {
    for (const [type, listener] of Object.entries(listeners)) port.removeEventListener(type, listener);
  };
}

/** Ends a worker with all its memory; closes any other port. */
export async function endPort(port: PortLike): Promise<void> {
  const { terminate, close } = port as { terminate?: () => unknown; close?: () => void };
  if (typeof terminate === 'function') await terminate.call(port);
  else close?.call(port);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import type { PlainError } from './plain-error.js';

/** Marks messages of this library, and their version: an application may send others over the same port. */
export const portContract = 'animatediff-js/port/1';
const anyVersion = /^animatediff-js\/port\//;

/** What one side says to the other. Ids are chosen by who calls. */
export type PortMessage =
  /** Is anybody there? */
  | { readonly kind: 'ping' }
  /** Somebody is; `lock` names a lock that is held for as long as the thread lives. */
  | { readonly kind: 'hello'; readonly service: string; readonly lock?: string | undefined }
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly request: unknown }
  /** The caller no longer waits. */
  | { readonly kind: 'abort'; readonly id: number; readonly reason: PlainError }
  /** Something to tell the caller before the answer. */
  | { readonly kind: 'event'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError };

/** A message to send. */
export function stamped(message: PortMessage): PortMessage & { readonly contract: string } {
  return { contract: portContract, ...message };
}

/**
 * A message that came; `undefined` for what is none of ours or malformed, `'other-version'` for one of another version of
 * this library.
 */
export function readMessage(data: unknown): PortMessage | 'other-version' | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { contract, kind, id, method, service, lock } = data as Readonly<Record<string, unknown>>;
  if (typeof contract !== 'string' || !anyVersion.test(contract)) return undefined;
  if (contract !== portContract) return 'other-version';
  const known =
    kind === 'ping' ||
    (kind === 'hello' && typeof service === 'string' && (lock === undefined || typeof lock === 'string')) ||
    (isId(id) &&
      ((kind === 'call' && typeof method === 'string') ||
        withIds.includes(kind as (typeof withIds)[number])));
  return known ? (data as PortMessage) : undefined;
}

const withIds = ['abort', 'event', 'answer', 'failure'] as const;

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

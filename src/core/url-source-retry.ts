import { AnimateDiffError } from './errors.js';

/** A failure that may pass: the network, a busy server, a cut connection. */
export class TransientFailure extends Error {
  /** How long the server asked to wait, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number) {
    super(message);
    this.name = 'TransientFailure';
    this.waitMs = waitMs;
  }
}

/** What one attempt may use. */
export interface Attempt {
  /** Ends when the caller cancels, when nothing arrives for too long, and when the attempt is over. */
  readonly signal: AbortSignal;
  /** To be called whenever bytes arrive: the server is not silent. Throws when the attempt is over. */
  alive(): void;
}

const RETRIES = 3;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
const SILENCE_MS = 60_000;

/**
 * Runs `attempt` up to four times, with waits of 0.2, 0.4 and 0.8 seconds or what the server asks for (10 seconds at
 * most). An {@link AnimateDiffError} is final; cancelling rejects at once with the signal's reason.
 * @throws `weights-format` when the last attempt failed as well.
 */
export async function withRetries<T>(
  name: string,
  signal: AbortSignal | undefined,
  attempt: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal?.throwIfAborted();
    try {
      return await watched(signal, attempt);
    } catch (cause) {
      signal?.throwIfAborted();
      if (AnimateDiffError.isInstance(cause)) throw cause;
      if (failures === RETRIES) throw gaveUp(name, cause);
      const asked = cause instanceof TransientFailure ? cause.waitMs : undefined;
      await sleep(Math.min(asked ?? FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS), signal);
    }
  }
}

async function watched<T>(
  signal: AbortSignal | undefined,
  attempt: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  const silent = () =>
    controller.abort(new TransientFailure(`nothing arrived for ${SILENCE_MS / 1000} seconds`));
  let timer = setTimeout(silent, SILENCE_MS);
  const alive = () => {
    controller.signal.throwIfAborted();
    clearTimeout(timer);
    timer = setTimeout(silent, SILENCE_MS);
  };
  signal?.addEventListener('abort', stop);
  // Not every `fetch` that is passed in heeds its signal.
  const over = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
  });
  try {
    return await Promise.race([attempt({ signal: controller.signal, alive }), over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    // Lets go of a body that the attempt did not read to its end.
    controller.abort();
  }
}

function gaveUp(name: string, cause: unknown): AnimateDiffError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AnimateDiffError(
    'weights-format',
    `${name} could not be read after ${RETRIES + 1} attempts: ${why}. Check the connection, the server, and in a browser its CORS headers.`,
    { cause, details: { file: name } },
  );
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

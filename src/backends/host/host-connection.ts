import { AnimateDiffError } from '../../core/errors.js';
import { rebuiltError } from '../../core/port/plain-error.js';
import type { HostCall, HostCalls, HostMessage, HostReply } from './host-protocol.js';

/** A way to a runtime that can be asked and can go away. */
export interface HostConnection {
  /** False once the host has ended, of itself or by {@link kill}: its sessions are gone. */
  readonly alive: boolean;
  /** Whether buffers are handed over without copying; otherwise large ones have to be sent in pieces. */
  readonly sharesMemory: boolean;
  /**
   * Asks and waits for the answer. Buffers in `transfer` are handed over where the host shares memory with us.
   * @throws the host's own error, or `backend` when the host ends before it answers.
   */
  call<K extends HostCall>(
    call: K,
    request: HostCalls[K]['request'],
    transfer?: readonly ArrayBuffer[],
  ): Promise<HostCalls[K]['answer']>;
  /** Lets the host end when it is idle and waits until it has. */
  end(): Promise<void>;
  /** Ends the host at once, whatever it is doing; absent where that would end the application too. */
  readonly kill?: (() => void) | undefined;
}

/** The transport beneath a {@link HostConnection}: a worker thread or a child process. */
export interface HostChannel {
  post(message: HostMessage, transfer: readonly ArrayBuffer[]): void;
  readonly sharesMemory: boolean;
  /** Whether a call under way keeps the application alive. */
  hold(alive: boolean): void;
  /** Resolves when the host has ended. */
  readonly ended: Promise<void>;
  /** Ends a host that does not end by itself although it is idle. */
  forceEnd(): void;
  readonly kill?: (() => void) | undefined;
}

/** What a channel tells its connection. */
export interface HostEvents {
  reply(reply: HostReply): void;
  /** The host ended, or could not be started; `reason` in words. */
  lost(reason: string): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** An idle host gets this long to end by itself. */
const endTimeoutMs = 10_000;

/** Opens a channel and makes calls over it. */
export function connect(open: (events: HostEvents) => HostChannel): HostConnection {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let alive = true;
  const channel = open({
    reply: (reply) => {
      const caller = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (waiting.size === 0) channel.hold(false);
      if (reply.ok) caller?.resolve(reply.answer);
      else caller?.reject(rebuiltError(reply.error));
    },
    lost: (reason) => {
      alive = false;
      const error = new AnimateDiffError('backend', `the host of ONNX Runtime ended: ${reason}`);
      for (const caller of waiting.values()) caller.reject(error);
      waiting.clear();
    },
  });
  return {
    get alive() {
      return alive;
    },
    sharesMemory: channel.sharesMemory,
    call: (call, request, transfer = []) =>
      new Promise((resolve, reject) => {
        if (!alive) throw new AnimateDiffError('backend', 'the host of ONNX Runtime has ended');
        const id = nextId++;
        channel.post({ kind: 'call', id, call, request }, transfer);
        waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
        channel.hold(true);
      }),
    end: async () => {
      if (alive) channel.post({ kind: 'end' }, []);
      channel.hold(true);
      const timer = setTimeout(channel.forceEnd, endTimeoutMs);
      await channel.ended;
      clearTimeout(timer);
    },
    kill:
      channel.kill &&
      (() => {
        alive = false;
        channel.kill?.();
      }),
  };
}

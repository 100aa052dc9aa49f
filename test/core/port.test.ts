import { MessageChannel } from 'node:worker_threads';
import { AnimateDiffError } from 'animatediff-js';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/core/port/connect.js';
import { openEndpoint } from '../../src/core/port/endpoint.js';
import { portContract } from '../../src/core/port/messages.js';
import type { PortLike } from '../../src/core/port/port.js';
import type { CallContext, Endpoint, PortCalls, PortHandlers } from '../../src/core/port/port-calls.js';
import { type IterableCalls, portIterables } from '../../src/core/port/port-iterables.js';
import { remoteIterable } from '../../src/core/port/remote-iterable.js';
import { serveCalls } from '../../src/core/port/serve.js';

interface Ask {
  ask: { request: unknown; answer: unknown };
}

const ports: { close(): void }[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function channel(): MessageChannel {
  const opened = new MessageChannel();
  ports.push(opened.port1);
  return opened;
}

/** An endpoint whose calls the handlers answer on the other side. */
function between<T extends PortCalls<T>>(handlers: PortHandlers<T>): Endpoint<T> {
  const { port1, port2 } = channel();
  openEndpoint({ port: port2, peer: 'the page', handlers });
  return openEndpoint<object, T>({ port: port1, peer: 'the worker', handlers: {} });
}

function asking(answer: (request: unknown, context: CallContext) => Promise<unknown>): Endpoint<Ask> {
  return between<Ask>({ ask: answer });
}

describe('calls over a port', () => {
  test('are answered, each with its own answer', async () => {
    const { call } = asking(async (request) => (request as number) * 2);
    expect(await Promise.all([1, 2, 3].map((each) => call('ask', each)))).toEqual([2, 4, 6]);
  });

  test('tell of events before the answer', async () => {
    const seen: unknown[] = [];
    const { call } = asking(async (_, { emit }) => {
      emit('half');
      return 'whole';
    });
    expect(await call('ask', 0, { onEvent: (event) => seen.push(event) })).toBe('whole');
    expect(seen).toEqual(['half']);
  });

  test('reject with what a listener of events throws', async () => {
    const problem = new Error('no more');
    const { call } = asking(async (_, { emit }) => emit('half'));
    const onEvent = (): never => {
      throw problem;
    };
    await expect(call('ask', 0, { onEvent })).rejects.toBe(problem);
  });

  test('reject at once when aborted, and tell the other side why', async () => {
    const controller = new AbortController();
    let told: (reason: unknown) => void = () => undefined;
    const heard = new Promise((resolve) => {
      told = resolve;
    });
    const { call } = asking(
      (_, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => told(signal.reason), { once: true })),
    );
    const attempt = call('ask', 0, { signal: controller.signal });
    controller.abort();
    await expect(attempt).rejects.toBe(controller.signal.reason);
    expect(await heard).toMatchObject({ name: 'AbortError' });
  });

  test('hand buffers over both ways without copying', async () => {
    const { call } = asking(async (request, { handOver }) => {
      const { buffer } = request as Uint8Array<ArrayBuffer>;
      return handOver(request, [buffer]);
    });
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await call('ask', bytes, { transfer: [bytes.buffer] })).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytes.byteLength).toBe(0);
  });

  test('name what cannot be sent', async () => {
    const { call } = asking(async () => undefined);
    await expect(call('ask', { a: 1, b: { c: () => 1 } })).rejects.toMatchObject({
      code: 'invalid-options',
      details: { option: 'b.c' },
    });
  });

  test('reject with a typed error when the other side goes, now and later', async () => {
    const { port1, port2 } = channel();
    const { call } = openEndpoint<object, Ask>({ port: port1, peer: 'the worker', handlers: {} });
    const pending = call('ask', 0);
    port2.close();
    await expect(pending).rejects.toMatchObject({ code: 'backend', message: /the worker ended/ });
    await expect(call('ask', 0)).rejects.toMatchObject({ code: 'backend' });
  });
});

describe('errors over a port', () => {
  const cause = new RangeError('deep down');
  const thrown: readonly (readonly [string, unknown])[] = [
    ['an AnimateDiffError', new AnimateDiffError('numerics', 'NaN', { details: { step: 3 }, cause })],
    ['a TypeError', new TypeError('no function', { cause })],
    ['an AbortError', new DOMException('stopped', 'AbortError')],
    ['a plain value', { reason: 'because' }],
  ];

  test.each(thrown)('arrive as %s', async (_, error) => {
    const { call } = asking(() => Promise.reject(error));
    await expect(call('ask', 0)).rejects.toEqual(error);
  });

  test('leave out details that cannot be sent', async () => {
    const details = { step: 3, log: () => undefined };
    const { call } = asking(() => Promise.reject(new AnimateDiffError('numerics', 'NaN', { details })));
    await expect(call('ask', 0)).rejects.toMatchObject({ code: 'numerics', details: { step: 3 } });
  });

  test('whose causes go in circles end somewhere', async () => {
    const error = new Error('round');
    error.cause = error;
    const { call } = asking(() => Promise.reject(error));
    await expect(call('ask', 0)).rejects.toThrow('round');
  });
});

describe('messages from strangers', () => {
  const junk: readonly unknown[] = [
    null,
    7,
    'call',
    [],
    {},
    { contract: 'other/1', kind: 'call', id: 0, method: 'ask' },
    { contract: portContract },
    { contract: portContract, kind: 'call', id: -1, method: 'ask' },
    { contract: portContract, kind: 'call', id: 1.5, method: 'ask' },
    { contract: portContract, kind: 'call', id: 0, method: 7 },
    { contract: portContract, kind: 'answer', id: 99, value: 1 },
    { contract: portContract, kind: 'failure', id: 99 },
    { contract: portContract, kind: 'abort', id: 99 },
    { contract: portContract, kind: 'hello', service: 7 },
    { contract: portContract, kind: 'unheard-of', id: 0 },
  ];

  test('are ignored when they are malformed or answer nothing', async () => {
    const { port1, port2 } = channel();
    openEndpoint<Ask, object>({ port: port2, peer: 'the page', handlers: { ask: async () => 'fine' } });
    const { call } = openEndpoint<object, Ask>({ port: port1, peer: 'the worker', handlers: {} });
    for (const each of junk) {
      port1.postMessage(each);
      port2.postMessage(each);
    }
    expect(await call('ask', 0)).toBe('fine');
  });

  test('are refused when they ask for what is not there, also for what every object has', async () => {
    const { call } = asking(async () => undefined) as unknown as Endpoint<
      Record<string, { request: unknown; answer: unknown }>
    >;
    for (const method of ['other', 'toString', '__proto__']) {
      await expect(call(method, 0)).rejects.toMatchObject({ code: 'unsupported' });
    }
  });

  test('are refused under an id that is in use', async () => {
    const { port1, port2 } = channel();
    openEndpoint<Ask, object>({
      port: port2,
      peer: 'the page',
      handlers: { ask: () => new Promise(() => undefined) },
    });
    const answer = new Promise((resolve) => port1.once('message', resolve));
    for (let time = 0; time < 2; time++) {
      port1.postMessage({ contract: portContract, kind: 'call', id: 0, method: 'ask', request: 0 });
    }
    expect(await answer).toMatchObject({ kind: 'failure', error: { code: 'busy' } });
  });

  test('of another version of this library end the connection', async () => {
    const { port1, port2 } = channel();
    const { call } = openEndpoint<object, Ask>({ port: port1, peer: 'the worker', handlers: {} });
    const pending = call('ask', 0);
    port2.postMessage({ contract: 'animatediff-js/port/2', kind: 'hello', service: 'pipeline' });
    await expect(pending).rejects.toMatchObject({ code: 'backend', message: /another version/ });
  });
});

describe('iterables over a port', () => {
  interface Count extends IterableCalls {
    count: { request: { iterable: number }; answer: undefined };
  }

  /** Counts for ever, and tells what it did. */
  function counting(log: string[]) {
    const iterables = portIterables();
    async function* count(signal: AbortSignal) {
      try {
        for (let number = 0; ; number++) {
          signal.throwIfAborted();
          log.push(`makes ${number}`);
          yield { number, data: Float32Array.of(number) };
        }
      } finally {
        log.push('lets go');
      }
    }
    const endpoint = between<Count>({
      ...iterables.handlers,
      count: async (id) => {
        iterables.open(id, count);
        return undefined;
      },
    });
    return (iterable: number, signal?: AbortSignal) => {
      const id = { iterable };
      return remoteIterable({ endpoint, id, signal, open: () => endpoint.call('count', id) });
    };
  }

  test('are made as they are asked for', async () => {
    const log: string[] = [];
    const numbers = counting(log)(1);
    expect(log).toEqual([]);
    expect((await numbers.next()).value).toEqual({ number: 0, data: Float32Array.of(0) });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual(['makes 0']);
    await numbers.return();
  });

  test('have let go of what they held when the loop is left', async () => {
    const log: string[] = [];
    for await (const _ of counting(log)(1)) break;
    expect(log).toEqual(['makes 0', 'lets go']);
  });

  test('end with the reason of an abort, before the next one begins', async () => {
    const log: string[] = [];
    const count = counting(log);
    const controller = new AbortController();
    const numbers = count(1, controller.signal);
    await numbers.next();
    controller.abort(new Error('enough'));
    await expect(numbers.next()).rejects.toBe(controller.signal.reason);
    await count(2).next();
    expect(log).toEqual(['makes 0', 'lets go', 'makes 0']);
  });

  test('are refused under an id that is in use', async () => {
    const count = counting([]);
    await count(1).next();
    await expect(count(1).next()).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('a connection to a worker', () => {
  const handlers = {};
  const request = (worker: PortLike | (() => PortLike)) => ({
    worker,
    service: 'sums',
    server: 'serveSums',
    handlers,
  });
  const serve = (port: PortLike, service: string): unknown =>
    serveCalls<Ask, object>({
      port,
      service,
      handlers: { ask: async () => 'here' },
      onLost: () => undefined,
    });

  test('waits until the worker serves, also when that is later', async () => {
    const { port1, port2 } = channel();
    setTimeout(() => serve(port2, 'sums'), 30);
    const { endpoint } = await connect<object, Ask>(request(port1));
    expect(await endpoint.call('ask', 0)).toBe('here');
  });

  test('is refused when the worker serves something else', async () => {
    const { port1, port2 } = channel();
    serve(port2, 'products');
    await expect(connect(request(port1))).rejects.toMatchObject({
      code: 'invalid-options',
      message: /serves a products; its file has to call serveSums/,
    });
  });

  test('is refused for what is no worker', async () => {
    await expect(connect(request({} as PortLike))).rejects.toMatchObject({ code: 'invalid-options' });
    const failing = (): never => {
      throw new TypeError('no such file');
    };
    await expect(connect(request(failing))).rejects.toMatchObject({ code: 'backend' });
  });

  test('is given up by a signal', async () => {
    const controller = new AbortController();
    const attempt = connect({ ...request(channel().port1), signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(attempt).rejects.toBe(controller.signal.reason);
  });
});

import { describe, expect, test } from 'vitest';
import { connect, type HostChannel, type HostConnection } from '../../src/backends/host/host-connection.js';
import { hostedSession } from '../../src/backends/host/hosted-session.js';
import { hostedTensors } from '../../src/backends/host/hosted-tensors.js';
import { type RuntimeHost, runtimeHost } from '../../src/backends/host/runtime-host.js';
import { openWorker } from '../../src/backends/host/worker-channel-node.js';
import { hostScript } from '../../src/backends/ort-host-script.js';
import { memoryWeights } from '../../src/backends/weights/prepared-weights.js';
import { addition, weightedSum } from '../../src/testing/sample-networks.js';

const settings = { device: 'cpu', threads: 1, prepack: false, plansMemory: true } as const;
const held = hostedTensors();

/** A host in a thread that can be made to fall over, which only tests do: it must be idle. */
function fragileHost(): { host: RuntimeHost; crash(): Promise<void>; starts(): number } {
  let channel: HostChannel | undefined;
  let starts = 0;
  const host = runtimeHost(() => {
    starts++;
    return connect((events) => {
      channel = openWorker(hostScript(), events);
      return channel;
    });
  });
  return {
    host,
    starts: () => starts,
    crash: () => {
      channel?.forceEnd();
      return channel!.ended;
    },
  };
}

function feeds() {
  const row = () => ({ type: 'float32' as const, shape: [1, 3], data: Float32Array.of(1, 2, 3) });
  return { a: row(), b: row() };
}

describe('a host that ends of itself', () => {
  test('rejects the calls that wait for it, with its own words', async () => {
    const code =
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw new Error('it broke'); });";
    const script = {
      ...hostScript(),
      workerUrl: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    };
    const connection: HostConnection = connect((events) => openWorker(script, events));
    const calls = [connection.call('describe', undefined), connection.call('release', { session: 1 })];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: 'backend',
        message: expect.stringContaining('it broke'),
      });
    }
    expect(connection.alive).toBe(false);
    await expect(connection.call('describe', undefined)).rejects.toMatchObject({ code: 'backend' });
  });

  test('is started again, and sessions load again by themselves', { timeout: 20_000 }, async () => {
    const { host, crash, starts } = fragileHost();
    const weights = memoryWeights([]);
    const session = hostedSession({ host, id: 0, artifact: addition(), settings, held, weights });
    await session.run(feeds());
    await crash();
    expect((await session.run(feeds()))['y']?.data).toEqual(Float32Array.of(2, 4, 6));
    expect(starts()).toBe(2);
    await session.dispose();
  });

  test('takes weights along that were only in its memory, which is told', { timeout: 20_000 }, async () => {
    const { host, crash } = fragileHost();
    const artifact = weightedSum({ weights: [Float32Array.of(1)], blobs: 1 });
    const weights = memoryWeights([{ location: 'part-0.weights', data: new Uint8Array(4) }]);
    const session = hostedSession({ host, id: 0, artifact, settings, held, weights });
    await session.load();
    await crash();
    await expect(session.run({})).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringContaining('create the session again'),
    });
    await session.dispose();
  });
});

test('a host stays while a tensor is held in it alone, and takes it along', { timeout: 20_000 }, async () => {
  const { host, crash, starts } = fragileHost();
  const open = (id: number) =>
    hostedSession({ host, id, artifact: addition(), settings, held, weights: memoryWeights([]) });
  const kept = held.hold(feeds().a);
  const [a, b] = [open(0), open(1)];
  await a.run({ ...feeds(), a: kept });
  await a.dispose();
  await b.run({ ...feeds(), a: kept });
  await crash();
  await expect(b.run({ ...feeds(), a: kept })).rejects.toMatchObject({ code: 'backend' });
  await b.run(feeds());
  expect(starts()).toBe(2);
  await b.dispose();
  kept.dispose();
  await held.dispose();
  expect(starts()).toBe(2);
});

test('a host ends with its last session and starts with the next', { timeout: 20_000 }, async () => {
  const { host, starts } = fragileHost();
  const open = (id: number) =>
    hostedSession({ host, id, artifact: addition(), settings, held, weights: memoryWeights([]) });
  const [a, b] = [open(0), open(1)];
  await a.run(feeds());
  await b.run(feeds());
  await a.dispose();
  await b.run(feeds());
  expect(starts()).toBe(1);
  await b.dispose();
  const c = open(2);
  await c.run(feeds());
  expect(starts()).toBe(2);
  await c.dispose();
});

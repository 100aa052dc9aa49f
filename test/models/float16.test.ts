import { ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';
import type { BackendCapabilities } from '../../src/backends/backend.js';
import { describeNodeRuntime } from '../../src/backends/node-runtime-node.js';
import { float16ToFloat32, float32ToFloat16 } from '../../src/core/half.js';
import { storeWeights } from '../../src/models/store-weights.js';
import { weightBytes } from '../../src/models/weight-bytes.js';
import { add } from '../../src/onnx/elementwise.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import type { OpenedModel } from '../../src/pipeline/opened-model.js';
import type { WeightStore } from '../../src/weights/weight-store.js';
import {
  openTiny,
  outputOf,
  type TinyNetwork,
  tinyDecoder,
  tinyEncoder,
  tinyTextEncoder,
  tinyUnet,
} from './tiny-networks.js';

const cpu = ortNode();
let model: OpenedModel;
let dialect: BackendCapabilities['dialect'];
beforeAll(async () => {
  model = await openTiny();
  ({ dialect } = await cpu.capabilities());
});
afterAll(async () => {
  await model.close();
  await cpu.dispose();
});

const portable: BackendCapabilities['dialect'] = new Set();
const plain = { viewWindows: false, freeU: false } as const;
const networks: Record<string, (from: OpenedModel) => TinyNetwork> = {
  unet: (from) => tinyUnet(from, plain),
  'unet with views, FreeU, norms over frames': (from) =>
    tinyUnet(from, { viewWindows: true, freeU: 2 }, 'v1'),
  'text encoder': tinyTextEncoder,
  'vae decoder': tinyDecoder,
  'vae encoder': tinyEncoder,
};

/** A device that computes in float16 throughout adds up its products in it too; the CPU rounds between layers only. */
const allowed = { cpu: 1e-2, gpu: 1e-1 };

// The CPU rewrites a network in float32 when it loads it, which takes seconds.
describe('in float16 a network', { timeout: 120_000 }, () => {
  test.each(Object.keys(networks))('is near its float32 self: %s', async (name) => {
    const network = networks[name]!(model);
    const wide = await outputOf(cpu, network, 'float32', dialect);
    const narrow = await outputOf(cpu, network, 'float16', dialect);
    const error = relativeError(narrow, wide);
    console.log(`${name}: relative error ${error.toExponential(1)} on the CPU`);
    expect(error).toBeLessThan(allowed.cpu);
    expect(error).toBeGreaterThan(0);
  });

  test('is so without fused operators', async () => {
    for (const network of [tinyTextEncoder(model), tinyDecoder(model)]) {
      const wide = await outputOf(cpu, network, 'float32', dialect);
      expect(await outputOf(cpu, network, 'float16', portable)).toBeRelativelyCloseTo(wide, allowed.cpu);
    }
  });

  test.each(Object.keys(networks))(
    'has half the bytes of weights, under an identity of their own: %s',
    async (name) => {
      const network = networks[name]!(model);
      const [wide, narrow] = await Promise.all([
        network.build({ precision: 'float32', dialect: portable }),
        network.build({ precision: 'float16', dialect: portable }),
      ]);
      const tensors = (artifact: typeof wide) => artifact.weights.flatMap((blob) => blob.tensors);
      expect(tensors(narrow).map(({ name: tensor, byteLength }) => [tensor, 2 * byteLength])).toEqual(
        tensors(wide).map(({ name: tensor, byteLength }) => [tensor, byteLength]),
      );
      expect(wide.weights[0]!.identity).toContain('|float32|');
      expect(narrow.weights[0]!.identity).toContain('|float16|');
      const types = ({ inputs, outputs }: typeof wide) => [...inputs, ...outputs];
      expect(types(narrow)).toEqual(types(wide));
    },
  );
});

describe('a float16 weight', () => {
  const values = Float32Array.of(0.1, -2.5, 65504, 6e-8);
  const bits = float32ToFloat16(values);
  const source = (type: 'f16' | 'f32', bytes: Uint8Array) => {
    const raw = { type, shape: [bytes.byteLength / (type === 'f16' ? 2 : 4)], bytes };
    const store: WeightStore = {
      label: 'model.safetensors',
      entries: new Map([['w', { name: 'w', ...raw }]]),
      metadata: new Map(),
      read: async () => raw,
      fingerprint: async () => undefined,
      close: async () => undefined,
    };
    return storeWeights(store);
  };
  const read = (from: Parameters<typeof weightBytes>[0]) =>
    weightBytes(from, { name: 'w', type: 'float16' }, undefined);
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array) =>
    new Uint8Array(buffer, byteOffset, byteLength);

  test('is taken from a float16 file as it is', async () => {
    const weights = source('f16', bytesOf(bits));
    const never = async (): Promise<never> => expect.fail('the weight was widened');
    expect(await read({ ...weights, read: never })).toEqual(bytesOf(bits));
  });

  test('is rounded to the nearest otherwise', async () => {
    const narrow = await read(source('f32', bytesOf(values)));
    expect(narrow).toEqual(bytesOf(bits));
    expect(float16ToFloat32(bits)[0]).toBeCloseTo(0.1, 4);
  });

  test('that is too large is refused by name, with the way out', async () => {
    const wide = source('f32', bytesOf(Float32Array.of(1, -70000)));
    await expect(read(wide)).rejects.toMatchObject({
      code: 'numerics',
      message: expect.stringMatching(/'w' holds -70000 at element 1.*precision: 'float32'/),
    });
  });

  test.each([0x7c00, 0xfc00, 0x7e00])('that is no number is refused: %i', async (bad) => {
    const weights = source('f16', bytesOf(Uint16Array.of(0x3c00, bad)));
    await expect(read(weights)).rejects.toMatchObject({
      code: 'numerics',
      message: expect.stringMatching(/model.safetensors: weight 'w' holds .* at element 1/),
    });
  });
});

test('a layer that mixes widths is told by name, before the runtime sees it', () => {
  const g = new GraphBuilder('unet');
  const [wide, narrow] = [g.input('x', 'float32', [1]), g.input('y', 'float16', [1])];
  expect(() => g.scope('mid_block', () => add(g, wide, narrow))).toThrow(
    /unet graph, at 'mid_block': Add of float32 'x' and float16 'y'/,
  );
});

const { devices } = await describeNodeRuntime();
const webgpu = devices.find(({ device }) => device === 'webgpu');
const reason =
  webgpu?.available === false
    ? webgpu.reason
    : webgpu?.capabilities.float16
      ? undefined
      : 'the device has no float16';

describe.skipIf(reason !== undefined)(`on webgpu (${reason ?? 'available'})`, () => {
  // Shaders are compiled at first use, which takes a software device a minute.
  test.each(['unet', 'text encoder'])('in float16: %s', { timeout: 300_000 }, async (name) => {
    const network = networks[name]!(model);
    const gpu = ortNode({ device: 'webgpu' });
    const { dialect: own } = await gpu.capabilities();
    const error = relativeError(
      await outputOf(gpu, network, 'float16', own),
      await outputOf(cpu, network, 'float32', dialect),
    );
    await gpu.dispose();
    console.log(`${name}: relative error ${error.toExponential(1)} on ${webgpu?.device}`);
    expect(error).toBeLessThan(allowed.gpu);
  });
});

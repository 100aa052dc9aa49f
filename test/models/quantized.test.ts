import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';
import { adaptedWeights } from '../../src/adapters/adapted-weights.js';
import { motionLora } from '../../src/adapters/adapter.js';
import { fusedWeights } from '../../src/adapters/fused-weights.js';
import { type OpenedAdapter, openAdapter } from '../../src/adapters/open-adapter.js';
import { type PlacedAdapter, placeAdapter } from '../../src/adapters/place-adapter.js';
import { targetTable } from '../../src/adapters/target-table.js';
import type { BackendCapabilities, ModelArtifact } from '../../src/backends/backend.js';
import { describeNodeRuntime } from '../../src/backends/node-runtime-node.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { quantizedMatrices } from '../../src/models/nn/quantized-matrix.js';
import { type Quantization, quantizations } from '../../src/models/quantization.js';
import { quantizeBlocks } from '../../src/models/quantize-blocks.js';
import { quantizeColumns } from '../../src/models/quantize-columns.js';
import { quantizedReader } from '../../src/models/quantized-bytes.js';
import { quantizedNames } from '../../src/models/quantized-form.js';
import { buildUnet } from '../../src/models/unet.js';
import type { GraphBuilder } from '../../src/onnx/graph.js';
import { blockedLinear, blockedShapes, blockSize, dynamicLinear } from '../../src/onnx/quantized-linear.js';
import { concat } from '../../src/onnx/shape-ops.js';
import type { Value } from '../../src/onnx/value.js';
import type { OpenedModel } from '../../src/pipeline/opened-model.js';
import { runGraph } from '../support/run-graph.js';
import { fixture } from '../support/tiny-model.js';
import { openTiny, outputOf, tinyUnet } from './tiny-networks.js';

const [rows, inSize, out] = [5, 96, 24];
const matrix = torchRandom(1).normal(out * inSize);
const x = torchRandom(2).normal(rows * inSize);
const bias = torchRandom(3).normal(out);

/** `x · matrixᵀ + bias` in float64. */
function product(left: ArrayLike<number>, right: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows * out }, (_, i) => {
    const [row, column] = [Math.floor(i / out), i % out];
    let sum = bias[column]!;
    for (let k = 0; k < inSize; k++) sum += left[row * inSize + k]! * right[column * inSize + k]!;
    return sum;
  });
}

async function computed(emit: (g: GraphBuilder, x: Value, bias: Value) => Value): Promise<Float32Array> {
  const feeds = { x: { type: 'float32', shape: [rows, inSize], data: x } } as const;
  return (await runGraph(feeds, (g) => emit(g, g.input('x', 'float32', [rows, inSize]), g.constant(bias))))
    .data;
}

describe('blocks of 32', () => {
  /** What the stored integers stand for, by MatMulNBits' definition: its zero is 8 or 128. */
  const restored = (weight: Uint8Array, scales: Float32Array, bits: 4 | 8): Float64Array =>
    Float64Array.from(matrix, (_, i) => {
      const stored = bits === 8 ? weight[i]! : i % 2 === 0 ? weight[i / 2]! % 16 : weight[(i - 1) / 2]! >> 4;
      return (stored - (bits === 8 ? 128 : 8)) * scales[Math.floor(i / blockSize)]!;
    });

  test.each([4, 8] as const)('in %i bits are laid out as the operator takes them', async (bits) => {
    const { weight, scales } = await quantizeBlocks(matrix, bits);
    const shapes = blockedShapes([out, inSize], bits);
    const exact = product(x, restored(weight, scales, bits));
    const found = (roundsRows: boolean) =>
      computed((g, rowsOfX, biasOfX) =>
        blockedLinear(g, {
          x: rowsOfX,
          weight: g.constant(weight, shapes.weight),
          scales: g.constant(scales, shapes.scales),
          bits,
          bias: biasOfX,
          roundsRows,
        }),
      );
    expect(await found(false)).toBeRelativelyCloseTo(exact, 1e-5);
    expect(await found(true)).toBeRelativelyCloseTo(exact, 2e-2);
  });

  test.each([
    [4, 0.5],
    [8, 0.5],
  ] as const)(
    'in %i bits are rounded to the nearest, but for what lies beyond the last',
    async (bits, half) => {
      const { weight, scales } = await quantizeBlocks(matrix, bits);
      const values = restored(weight, scales, bits);
      const last = 2 ** (bits - 1) - 1;
      matrix.forEach((value, i) => {
        const scale = scales[Math.floor(i / blockSize)]!;
        const steps = value / scale;
        const wanted = Math.min(last, steps);
        expect(Math.abs(wanted - values[i]! / scale)).toBeLessThanOrEqual(half + 1e-4);
        expect(steps).toBeLessThanOrEqual(last + 1 + 1e-4);
      });
    },
  );

  test('keep zeros and the largest value of each', async () => {
    const values = new Float32Array(3 * blockSize);
    values.set([0.3, -1.5], blockSize);
    values.set([0.25, 2], 2 * blockSize);
    const { weight, scales } = await quantizeBlocks(values, 4);
    expect([...scales].map(Math.abs)).toEqual([0, 1.5 / 8, 2 / 8]);
    expect(weight.subarray(0, 16)).toEqual(new Uint8Array(16).fill(0x88));
    expect(weight[16]! >> 4).toBe(0);
    expect((0 - 8) * scales[1]!).toBe(-1.5);
    expect((0 - 8) * scales[2]!).toBe(2);
  });
});

describe('columns', () => {
  test.each([1, 2])('in %i pieces are multiplied as the operator says, rows in 8 bits', async (pieces) => {
    const { weight, scales } = await quantizeColumns(matrix, { out, inSize, pieces });
    const width = out / pieces;
    const integers = new Int8Array(weight.buffer);
    const restored = Float64Array.from(matrix, (_, i) => {
      const [column, k] = [Math.floor(i / inSize), i % inSize];
      const [piece, at] = [Math.floor(column / width), column % width];
      return integers[(piece * inSize + k) * width + at]! * scales[column]!;
    });
    matrix.forEach((value, i) => {
      const scale = scales[Math.floor(i / inSize)]!;
      expect(Math.abs(value - restored[i]!)).toBeLessThanOrEqual(0.5001 * scale);
    });
    const scaleOfRows = Math.fround((Math.max(...x) - Math.min(...x)) / 255);
    const zero = Math.round(-Math.min(...x) / scaleOfRows);
    const rounded = x.map((value) => (Math.round(value / scaleOfRows + zero) - zero) * scaleOfRows);
    const found = await Promise.all(
      Array.from({ length: pieces }, (_, piece) =>
        computed((g, rowsOfX, biasOfX) => {
          const [from, size] = [piece * width, inSize * width];
          return dynamicLinear(g, {
            x: rowsOfX,
            weight: g.constant(integers.slice(piece * size, (piece + 1) * size), [inSize, width]),
            scales: g.constant(scales.slice(from, from + width)),
            bias: pieces === 1 ? biasOfX : g.constant(bias.slice(from, from + width)),
          });
        }),
      ),
    );
    const joined = Float32Array.from({ length: rows * out }, (_, i) => {
      const [row, column] = [Math.floor(i / out), i % out];
      return found[Math.floor(column / width)]![row * width + (column % width)]!;
    });
    expect(joined).toBeRelativelyCloseTo(product(rounded, restored), 1e-4);
    expect(joined).toBeRelativelyCloseTo(product(x, matrix), 0.1);
  });
});

describe('what each run adds', () => {
  const rank = 3;
  const [up, down] = [torchRandom(4).normal(out * rank), torchRandom(5).normal(rank * inSize)];
  const delta = torchRandom(6).normal(out * inSize);
  const added = Float64Array.from(delta, (value, i) => {
    const [row, column] = [Math.floor(i / inSize), i % inSize];
    let sum = value;
    for (let r = 0; r < rank; r++) sum += up[row * rank + r]! * down[r * inSize + column]!;
    return sum;
  });
  const feeds = {
    x: { type: 'float32', shape: [rows, inSize], data: x },
    'm:up': { type: 'float32', shape: [out, rank], data: up },
    'm:down': { type: 'float32', shape: [rank, inSize], data: down },
    'm:delta': { type: 'float32', shape: [out, inSize], data: delta },
  } as const;

  test.each([
    ['blocks of 8 bits', { kind: 'blocks', bits: 8 }, 1],
    ['blocks of 4 bits in two pieces', { kind: 'blocks', bits: 4 }, 2],
    ['columns', { kind: 'columns', pieces: 1 }, 1],
    ['columns in two pieces', { kind: 'columns', pieces: 2 }, 2],
  ] as const)('is added beside: %s', async (_, form, pieces) => {
    const reader = quantizedReader({ read: async () => matrix }, () => [out, inSize]);
    const names = quantizedNames('m', form);
    const weights: Record<string, Uint8Array> = {};
    for (const name of [names.weight, names.scales])
      weights[name] = await reader({ name, type: 'float32' }, undefined)!;
    const run = async (live: boolean, fed: Parameters<typeof runGraph>[0]) =>
      (
        await runGraph(
          fed,
          (g) => {
            const rowsOfX = g.input('x', 'float32', [rows, inSize]);
            const request = {
              name: 'm',
              shape: [out, inSize],
              form,
              pieces,
              type: 'float32',
              roundsRows: false,
            } as const;
            const change = live ? { rank, dense: true } : undefined;
            const each = quantizedMatrices(g, { ...request, change });
            return concat(
              g,
              each.map(({ multiply }) => multiply(rowsOfX)),
              1,
            );
          },
          weights,
        )
      ).data;
    const own = await run(false, { x: feeds.x });
    const wanted = product(x, added).map((value, i) => value - bias[i % out]! + own[i]!);
    expect(await run(true, feeds)).toBeRelativelyCloseTo(wanted, 1e-5);
  });
});

describe('the two tensors of a matrix', () => {
  const read = (order: readonly string[], type: 'float32' | 'float16' = 'float32') => {
    let count = 0;
    const source = {
      read: async () => {
        count++;
        return matrix;
      },
    };
    const reader = quantizedReader(source, () => [out, inSize]);
    const all = async (): Promise<Uint8Array[]> => {
      const found: Uint8Array[] = [];
      for (const name of order) found.push(await reader({ name, type }, undefined)!);
      return found;
    };
    return all().then((found) => ({ found, count }));
  };

  test('are made from one reading, in whatever order they are asked for', async () => {
    const forth = await read(['m:q8', 'm:q8:scales']);
    const back = await read(['m:q8:scales', 'm:q8']);
    expect([forth.count, back.count]).toEqual([1, 1]);
    expect(back.found.reverse()).toEqual(forth.found);
    expect(forth.found.map(({ byteLength }) => byteLength)).toEqual([2304, (4 * 2304) / 32]);
    expect((await read(['m:q4', 'm:q8:scales'])).count).toBe(2);
  });

  test('have scales of the precision that the network computes in', async () => {
    const { found } = await read(['m:q4', 'm:q4:scales'], 'float16');
    expect(found.map(({ byteLength }) => byteLength)).toEqual([1152, (2 * 2304) / 32]);
  });

  test('are told from all other names', () => {
    const reader = quantizedReader({ read: async () => matrix }, () => [out, inSize]);
    for (const name of ['m', 'm:rows4', 'm:up', 'q8'])
      expect(reader({ name, type: 'float32' }, undefined)).toBeUndefined();
  });
});

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

const plain = { viewWindows: false, freeU: false } as const;
const motionOf = ({ motion }: OpenedModel) =>
  ({ config: motion!.config, version: 'v2', groupNorm: 'original' }) as const;
const unet = (quantization?: Quantization) => {
  const network = tinyUnet(model, plain);
  return {
    ...network,
    build: (writing: Parameters<typeof network.build>[0]) => network.build({ ...writing, quantization }),
  };
};
const bytesOf = ({ weights }: ModelArtifact): number =>
  weights.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Measured, and half as much again. Of layers as narrow as the tiny model's, each integer counts for much. */
const allowed: Record<Quantization, number> = { int8: 0.065, int4: 0.3, 'int8-dynamic': 0.075 };

describe('the UNet', () => {
  let exact: Float32Array;
  beforeAll(async () => {
    exact = await outputOf(cpu, unet(), 'float32', dialect);
  });

  test.each(quantizations)('is near its float32 self: %s', async (quantization) => {
    const found = await outputOf(cpu, unet(quantization), 'float32', dialect);
    const error = relativeError(found, exact);
    console.log(`${quantization}: relative error ${error.toExponential(1)} on the CPU`);
    expect(error).toBeLessThan(allowed[quantization]);
    expect(error).toBeGreaterThan(1e-3);
  });

  test.each(['int8', 'int4'] as const)(
    "is so in float16, and without the CPU's own kernels: %s",
    async (quantization) => {
      const portable = new Set(['MatMulNBits'] as const);
      const found = await outputOf(cpu, unet(quantization), 'float32', portable);
      expect(found).toBeRelativelyCloseTo(exact, allowed[quantization]);
      expect(await outputOf(cpu, unet(quantization), 'float16', portable)).toBeRelativelyCloseTo(found, 0.1);
    },
  );

  test('is quantised in its large linear layers alone, the sensitive ones less', async () => {
    const names = async (quantization: Quantization) => {
      const { weights } = await unet(quantization).build({ precision: 'float32', dialect });
      return weights.flatMap(({ tensors }) => tensors.map(({ name }) => name));
    };
    const int4 = await names('int4');
    const quantized = int4.filter((name) => /:q\d$/.test(name));
    const layers = new Set(
      quantized.map((name) => name.replace(/^.*\.([a-z]\w*(\.0)?(\.proj)?)\.weight:/, '$1 ')),
    );
    expect([...layers].sort()).toMatchInlineSnapshot(`
      [
        "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.0.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.0.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.0.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.1.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.1.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.1.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.1.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.2.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.2.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.2.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.2.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.3.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "down_blocks.3.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "mid_block.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "mid_block.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "proj q4",
        "proj_in q8",
        "proj_out q8",
        "time_emb_proj q8",
        "to_k q4",
        "to_out.0 q4",
        "to_q q4",
        "to_v q4",
        "up_blocks.0.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.0.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.0.motion_modules.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.attentions.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.1.motion_modules.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.attentions.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.2.motion_modules.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.attentions.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.attentions.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.attentions.2.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.motion_modules.0.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.motion_modules.1.transformer_blocks.0.ff.net.2.weight:q4",
        "up_blocks.3.motion_modules.2.transformer_blocks.0.ff.net.2.weight:q4",
      ]
    `);
    expect(int4).toContain('time_embedding.linear_1.weight');
    const dynamic = await names('int8-dynamic');
    expect(
      dynamic.filter((name) => name.includes('net.0.proj.weight')).every((name) => name.includes(':i8x2')),
    ).toBe(true);
    expect(dynamic).toContain('mid_block.attentions.0.proj_in.weight');
  });

  test('is stored under another identity in each form, in fewer bytes', async () => {
    const built = await Promise.all(
      [undefined, ...quantizations].map((each) => unet(each).build({ precision: 'float32', dialect })),
    );
    expect(new Set(built.map(({ weights }) => weights[0]!.identity)).size).toBe(built.length);
    const [float32 = 0, int8 = 0, int4 = 0, dynamic = 0] = built.map(bytesOf);
    expect([int4 < int8, int8 < float32, dynamic < float32]).toEqual([true, true, true]);
    // Blocks are computed as integers only when they were laid out for it; columns are as they are.
    expect(built.map(({ prepack }) => prepack)).toEqual([undefined, true, true, undefined]);
  });
});

describe('adapters that are fused', () => {
  let opened: OpenedAdapter;
  let placed: PlacedAdapter;
  beforeAll(async () => {
    const file = fileSource(fixture('tiny-sd15/adapters/motion-lora-a.ckpt'));
    opened = await openAdapter(motionLora(file, { scale: 0.6 }));
    placed = placeAdapter(
      opened,
      targetTable({ unet: model.unet.weights, textEncoder: model.textEncoder.weights }),
    );
  });
  afterAll(() => opened.close());

  const bytesByName = async ({ tensors }: ModelArtifact['weights'][number]) => {
    const found = new Map<string, Uint8Array>();
    for (const { name, read } of tensors)
      if (/:(q|i8x)\d/.test(name)) found.set(name, (await read()).slice());
    return found;
  };

  test.each(quantizations)(
    'are merged before rounding, apart from what a cache keeps: %s',
    async (quantization) => {
      const { weights } = model.unet;
      const build = (changes: object) =>
        buildUnet({
          config: model.unet.config,
          weights,
          dialect,
          quantization,
          motion: motionOf(model),
          ...changes,
        });
      const [own, kept] = [
        await build({}),
        await build({ replaced: fusedWeights(weights, [placed], () => undefined) }),
      ];
      const merged = await build({ weights: adaptedWeights(weights, [placed]) });
      expect(kept.weights[0]!.identity).toBe(own.weights[0]!.identity);
      expect(await bytesByName(kept.weights[0]!)).toEqual(await bytesByName(own.weights[0]!));
      const [before, whole] = [await bytesByName(own.weights[0]!), await bytesByName(merged.weights[0]!)];
      const replaced = await bytesByName(kept.weights[1]!);
      expect(replaced.size).toBeGreaterThan(100);
      for (const [name, bytes] of whole) expect(replaced.get(name) ?? before.get(name)).toEqual(bytes);
      expect(
        [...replaced].every(([name, bytes]) => name.includes('motion_modules') && bytes !== before.get(name)),
      ).toBe(true);
    },
  );
});

const { devices } = await describeNodeRuntime();
const webgpu = devices.find(({ device }) => device === 'webgpu');
const reason = webgpu?.available === false ? webgpu.reason : undefined;

describe.skipIf(reason !== undefined)(`on webgpu (${reason ?? 'available'})`, () => {
  // Shaders are compiled at first use, which takes a software device minutes.
  test.each(['int8', 'int4'] as const)(
    'the UNet is as on the CPU: %s',
    { timeout: 600_000 },
    async (quantization) => {
      const gpu = ortNode({ device: 'webgpu' });
      const { dialect: own } = await gpu.capabilities();
      expect(own).toContain('MatMulNBits');
      const found = await outputOf(gpu, unet(quantization), 'float32', own);
      await gpu.dispose();
      const portable = new Set(['MatMulNBits'] as const);
      const error = relativeError(found, await outputOf(cpu, unet(quantization), 'float32', portable));
      console.log(`${quantization}: relative error ${error.toExponential(1)} on ${webgpu?.device}`);
      expect(error).toBeLessThan(1e-3);
    },
  );
});

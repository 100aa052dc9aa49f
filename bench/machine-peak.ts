import { type Backend, float32Tensor, type ModelArtifact } from 'animatediff-js';
import { conv2d } from '../src/onnx/conv.js';
import { GraphBuilder } from '../src/onnx/graph.js';
import { linear } from '../src/onnx/linear.js';
import { sliceTo } from '../src/onnx/shape-ops.js';
import type { Value } from '../src/onnx/value.js';
import { median, secondsOf } from './median.js';

/** What the runtime's best single operators reach on this machine, in FLOP/s. */
export interface MachinePeak {
  /** Of the best shape, the median of its runs: what an evaluation's median is compared with. */
  readonly matmul: number;
  readonly convolution: number;
  /** The one fastest run: a moment in which nobody else used the caches, too short for a whole evaluation. */
  readonly fastest: number;
}

/** Operators in a row, so that starting a run does not count. */
const depth = 8;
const repeats = 5;

interface Rate {
  readonly median: number;
  readonly fastest: number;
}

/** Measures shapes that a UNet's heaviest layers have, and takes the best of each kind. */
export async function machinePeak(backend: Backend): Promise<MachinePeak> {
  const matmul = [
    await rows(backend, 2048, 1280),
    await rows(backend, 8192, 640),
    await rows(backend, 512, 1280),
  ];
  const convolution = [
    await images(backend, 8, 320, 32),
    await images(backend, 8, 640, 16),
    await images(backend, 8, 1280, 8),
  ];
  const best = (rates: readonly Rate[], of: keyof Rate): number => Math.max(...rates.map((each) => each[of]));
  return {
    matmul: best(matmul, 'median'),
    convolution: best(convolution, 'median'),
    fastest: best([...matmul, ...convolution], 'fastest'),
  };
}

function rows(backend: Backend, count: number, channels: number): Promise<Rate> {
  const flops = depth * 2 * count * channels ** 2;
  return rate(backend, flops, [count, channels], (g, x) => {
    let h = x;
    for (let i = 0; i < depth; i++) h = linear(g, h, g.weight(`w${i}`, [channels, channels]));
    return h;
  });
}

function images(backend: Backend, count: number, channels: number, side: number): Promise<Rate> {
  const flops = depth * 2 * count * side ** 2 * channels ** 2 * 9;
  return rate(backend, flops, [count, channels, side, side], (g, x) => {
    let h = x;
    for (let i = 0; i < depth; i++)
      h = conv2d(g, h, g.weight(`w${i}`, [channels, channels, 3, 3]), undefined);
    return h;
  });
}

async function rate(
  backend: Backend,
  flops: number,
  shape: readonly number[],
  emit: (g: GraphBuilder, x: Value) => Value,
): Promise<Rate> {
  const g = new GraphBuilder('peak');
  g.output('y', sliceTo(g, emit(g, g.input('x', 'float32', shape)), 1, 0));
  const session = await backend.createSession(artifact(g));
  try {
    const run = (): Promise<unknown> => {
      const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5);
      return session.run({ x: float32Tensor(data, shape) });
    };
    await run();
    const seconds: number[] = [];
    for (let i = 0; i < repeats; i++) seconds.push(await secondsOf(run));
    return { median: flops / median(seconds), fastest: flops / Math.min(...seconds) };
  } finally {
    await session.dispose();
  }
}

function artifact(g: GraphBuilder): ModelArtifact {
  const { bytes, blobs } = g.build();
  return {
    label: 'peak',
    graph: bytes,
    inputs: [],
    outputs: [],
    weights: blobs.map(({ location, byteLength, tensors }) => ({
      location,
      byteLength,
      identity: undefined,
      tensors: tensors.map((placed) => ({
        ...placed,
        read: async () => new Uint8Array(new Float32Array(placed.byteLength / 4).fill(1e-3).buffer),
      })),
    })),
  };
}

import type { Backend, FusedOperator } from '../backends/backend.js';
import type { Tensor } from '../core/tensor.js';
import { float32Tensor } from '../core/tensor.js';
import { fusedAttention } from '../onnx/attention.js';
import { add, fusedBiasGelu, fusedQuickGelu, gelu } from '../onnx/elementwise.js';
import type { GraphBuilder } from '../onnx/graph.js';
import { blockedLinear, dynamicLinear } from '../onnx/quantized-linear.js';
import { rowConv } from '../onnx/row-conv.js';
import type { Value } from '../onnx/value.js';
import { check, checkClose } from './conformance.js';
import { weightless } from './sample-networks.js';

interface DialectCase {
  emit(g: GraphBuilder): Value;
  readonly feeds: () => Record<string, Tensor>;
  readonly expected: readonly number[];
}

const tokens = 40;
const channels = 1280;
const outputs = 8;

/** Fused operators at arguments whose results are known by heart. */
const cases: Readonly<Record<FusedOperator, DialectCase>> = {
  // Zero queries attend to every token alike, and the mean of 0, 1, … 39 is 19.5.
  MultiHeadAttention: {
    emit: (g) => {
      const [query, key, value] = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', [1, tokens, 8]));
      return fusedAttention(g, { query: query!, key: key!, value: value!, heads: 2 });
    },
    feeds: () => {
      const shape = [1, tokens, 8];
      const ramp = Float32Array.from({ length: tokens * 8 }, (_, index) => Math.floor(index / 8));
      return {
        q: float32Tensor(new Float32Array(tokens * 8), shape),
        k: float32Tensor(ramp.slice(), shape),
        v: float32Tensor(ramp.slice(), shape),
      };
    },
    expected: Array.from({ length: tokens * 8 }, () => 19.5),
  },
  QuickGelu: {
    emit: (g) => fusedQuickGelu(g, g.input('x', 'float32', [3]), 1),
    feeds: () => ({ x: float32Tensor(Float32Array.of(0, 1, -1), [3]) }),
    expected: [0, 0.7310586, -0.2689414],
  },
  Gelu: {
    emit: (g) => gelu(g, g.input('x', 'float32', [3])),
    feeds: () => ({ x: float32Tensor(Float32Array.of(0, 1, -1), [3]) }),
    expected: [0, 0.8413447, -0.1586553],
  },
  BiasGelu: {
    emit: (g) => fusedBiasGelu(g, g.input('x', 'float32', [1, 2]), g.input('bias', 'float32', [2])),
    feeds: () => ({
      x: float32Tensor(Float32Array.of(0, 1), [1, 2]),
      bias: float32Tensor(Float32Array.of(1, -2), [2]),
    }),
    expected: [0.8413447, -0.1586553],
  },
  // Kernels of one row over ones make 2 at the sides and 3 between; what they are added to is 10.
  FusedConv: {
    emit: (g) =>
      rowConv(g, {
        x: g.input('x', 'float32', [1, 1, 1, 3]),
        kernel: g.input('kernel', 'float32', [1, 1, 1, 3]),
        onto: g.input('onto', 'float32', [1, 1, 1, 3]),
      }),
    feeds: () => ({
      x: float32Tensor(new Float32Array(3).fill(1), [1, 1, 1, 3]),
      kernel: float32Tensor(new Float32Array(3).fill(1), [1, 1, 1, 3]),
      onto: float32Tensor(new Float32Array(3).fill(10), [1, 1, 1, 3]),
    }),
    expected: [12, 13, 12],
  },
  // In 8 bits 129 is one; in 4 bits a byte is minus one, then one, of which the second meets the twos. Halved: 24 and 8.
  MatMulNBits: {
    emit: (g) => {
      const x = g.input('x', 'float32', [2, 32]);
      const scales = g.constant(new Float32Array(outputs).fill(0.5));
      const linear = (bits: 4 | 8, byte: number): Value => {
        const shape = [outputs, 1, 4 * bits];
        const weight = g.constant(new Uint8Array(outputs * 4 * bits).fill(byte), shape);
        return blockedLinear(g, { x, weight, scales, bits, roundsRows: false });
      };
      return add(g, linear(8, 129), linear(4, 0x97));
    },
    feeds: () => ({
      x: float32Tensor(
        Float32Array.from({ length: 64 }, (_, i) => 1 + (i % 2)),
        [2, 32],
      ),
    }),
    expected: Array.from({ length: 2 * outputs }, () => 32),
  },
  // Rows from 0 to 255 are rounded to nothing else.
  DynamicQuantizeMatMul: {
    emit: (g) =>
      dynamicLinear(g, {
        x: g.input('x', 'float32', [1, 4]),
        weight: g.constant(Int8Array.of(1, -1, 2, 0, 3, 5, -4, 7), [4, 2]),
        scales: g.constant(Float32Array.of(1, 0.5)),
        bias: g.constant(Float32Array.of(1, 2)),
      }),
    feeds: () => ({ x: float32Tensor(Float32Array.of(0, 255, 1, 2), [1, 4]) }),
    expected: [506, 11.5],
  },
  BiasSplitGelu: {
    emit: (g) =>
      g.node({
        operator: 'BiasSplitGelu',
        domain: 'com.microsoft',
        inputs: [g.input('x', 'float32', [1, 1, 2 * channels]), g.input('bias', 'float32', [2 * channels])],
        outputs: [{ type: 'float32', shape: [1, 1, channels] }],
      })[0]!,
    feeds: () => ({
      x: float32Tensor(new Float32Array(2 * channels), [1, 1, 2 * channels]),
      bias: float32Tensor(new Float32Array(2 * channels).fill(1), [2 * channels]),
    }),
    expected: Array.from({ length: channels }, () => 0.8413447),
  },
};

/** Cases of the backend's conformance that look at what it says of itself. */
export const dialectCases: Readonly<Record<string, (backend: Backend) => Promise<void>>> = {
  'runs the fused operators that it names': async (backend) => {
    const { dialect } = await backend.capabilities();
    for (const operator of dialect) {
      const { emit, feeds, expected } = cases[operator];
      const session = await backend.createSession(weightless(operator, emit));
      checkClose((await session.run(feeds()))['y']?.data as Float32Array, expected, 1e-3);
      await session.dispose();
    }
  },
  'names limits that leave room for networks': async (backend) => {
    const { maxBufferBytes, maxModelBytes } = await backend.capabilities();
    check(maxBufferBytes >= 128 * 2 ** 20, 'buffers of at least 128 MiB');
    check(maxModelBytes >= 2 ** 30, 'models of at least 1 GiB');
  },
};

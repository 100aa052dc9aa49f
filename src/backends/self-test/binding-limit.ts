import { dim } from '../../onnx/dim.js';
import { softmax } from '../../onnx/elementwise.js';
import { GraphBuilder } from '../../onnx/graph.js';
import type { RunOnce } from './self-test.js';

/** Every WebGPU device binds buffers of this size. */
const guaranteedBytes = 128 * 2 ** 20;

/** Larger tensors do not occur here, so a larger limit is not looked for. */
const largestBytes = 2 ** 30;

const columns = 1024;

/**
 * Finds the largest tensor that a WebGPU device computes rightly, by doubling. Some kernels of ONNX Runtime 1.30
 * write nothing beyond the device's binding limit instead of failing, softmax among them, and the limit cannot be
 * asked for from Node.
 */
export async function bindingLimit(run: RunOnce): Promise<number> {
  let limit = guaranteedBytes;
  while (limit < largestBytes && (await isRight(run, limit * 2))) limit *= 2;
  return limit;
}

/** Softmax over equal values: the last row must be as flat as any. */
async function isRight(run: RunOnce, bytes: number): Promise<boolean> {
  const rows = bytes / 4 / columns;
  try {
    const { y } = await run(softmaxOfOnes(), {
      one: { type: 'float32', shape: [1, 1], data: Float32Array.of(1) },
      shape: { type: 'int64', shape: [2], data: BigInt64Array.of(BigInt(rows), BigInt(columns)) },
      last: { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(rows - 1)) },
    });
    const row = y?.data;
    return row instanceof Float32Array && row.every((value) => Math.abs(value * columns - 1) < 1e-3);
  } catch {
    return false;
  }
}

// Sizes are fed, not written in the graph: constants would be folded on the CPU.
function softmaxOfOnes(): Parameters<RunOnce>[0] {
  const g = new GraphBuilder('binding-limit');
  const one = g.input('one', 'float32', [1, 1]);
  const shape = g.input('shape', 'int64', [2]);
  const last = g.input('last', 'int64', [1]);
  const [wide] = g.node({
    operator: 'Expand',
    inputs: [one, shape],
    outputs: [{ type: 'float32', shape: [dim('rows'), columns] }],
  });
  const [row] = g.node({
    operator: 'Gather',
    inputs: [softmax(g, wide!), last],
    attributes: { axis: 0 },
    outputs: [{ type: 'float32', shape: [1, columns] }],
  });
  g.output('y', row!);
  return { label: 'self-test: binding limit', graph: g.build().bytes, weights: [], inputs: [], outputs: [] };
}

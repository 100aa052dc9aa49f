import * as ort from 'onnxruntime-node';
import type { Tensor } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import type { Value } from '../../src/onnx/value.js';

/** Writes a graph, runs it on ONNX Runtime's CPU provider, and gives its output `y`. */
export async function runGraph(
  feeds: Record<string, Tensor>,
  emit: (g: GraphBuilder) => Value,
  weights: Record<string, Float32Array | Uint8Array> = {},
): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const g = new GraphBuilder('test');
  g.output('y', emit(g));
  const { y } = await runModel(g, feeds, weights);
  return { shape: y!.shape, data: y!.data as Float32Array };
}

/** Runs a graph on ONNX Runtime's CPU provider, and gives all of its outputs. */
export async function runModel(
  g: GraphBuilder,
  feeds: Record<string, Tensor>,
  weights: Record<string, Float32Array | Uint8Array> = {},
): Promise<Record<string, Tensor>> {
  const built = g.build();
  const externalData = built.blobs.map((blob) => {
    const data = new Uint8Array(blob.byteLength);
    for (const { name, offset } of blob.tensors) {
      const values = weights[name]!;
      data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    }
    return { path: blob.location, data };
  });
  const session = await ort.InferenceSession.create(built.bytes, {
    externalData,
    logSeverityLevel: 3,
    // As our backend asks: without it, x64 CPUs that lack VNNI cut off large sums of integers.
    extra: { session: { x64quantprecision: '1' } },
  });
  const inputs = Object.entries(feeds).map(([name, { type, data, shape }]) => [
    name,
    new ort.Tensor(type, data, shape),
  ]);
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [
      name,
      { type: 'float32', shape: dims, data: data as Float32Array },
    ]),
  );
}

/** Repeatable values in -1 to 1, unlike each other. */
export function ramp(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233));
}

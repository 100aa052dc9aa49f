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
  const built = g.build();
  const externalData = built.blobs.map((blob) => {
    const data = new Uint8Array(blob.byteLength);
    for (const { name, offset } of blob.tensors) {
      const values = weights[name]!;
      data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    }
    return { path: blob.location, data };
  });
  const session = await ort.InferenceSession.create(built.bytes, { externalData, logSeverityLevel: 3 });
  const inputs = Object.entries(feeds).map(([name, { type, data, shape }]) => [
    name,
    new ort.Tensor(type, data, shape),
  ]);
  const { y } = await session.run(Object.fromEntries(inputs));
  await session.release();
  return { shape: y!.dims, data: y!.data as Float32Array };
}

/** Repeatable values in -1 to 1, unlike each other. */
export function ramp(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233));
}

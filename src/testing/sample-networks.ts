import type { ExternalTensor, ExternalWeights, ModelArtifact } from '../backends/backend.js';
import type { TensorData } from '../core/tensor.js';
import { add } from '../onnx/elementwise.js';
import { GraphBuilder } from '../onnx/graph.js';
import { matmul } from '../onnx/linear.js';
import { serializeModel } from '../onnx/serialize.js';
import { gather } from '../onnx/shape-ops.js';
import type { GraphNode, Value } from '../onnx/value.js';

/** An artifact without weights, written by `emit`, whose one output is `y`. */
export function weightless(label: string, emit: (g: GraphBuilder) => Value): ModelArtifact {
  const g = new GraphBuilder(label);
  g.output('y', emit(g));
  const { bytes } = g.build();
  return { label, graph: bytes, weights: [], inputs: [], outputs: [] };
}

/** `y = a + b` over `[rows, 3]`. */
export function addition(): ModelArtifact {
  return weightless('addition', (g) =>
    add(g, g.input('a', 'float32', ['rows', 3]), g.input('b', 'float32', ['rows', 3])),
  );
}

/** Rows of a table `[4, 2]` chosen by int64 `indices [count]`. */
export function lookup(): ModelArtifact {
  return weightless('lookup', (g) =>
    gather(g, g.input('table', 'float32', [4, 2]), g.input('indices', 'int64', ['count'])),
  );
}

/** `depth` products of `x [rows, width]` with `w [width, width]`: work for as long as wanted. */
export function longProduct(depth: number, width: number): ModelArtifact {
  return weightless('long-product', (g) => {
    let x = g.input('x', 'float32', ['rows', width]);
    const w = g.input('w', 'float32', [width, width]);
    for (let i = 0; i < depth; i++) x = matmul(g, x, w);
    return x;
  });
}

/** What {@link weightedSum} is made of. */
export interface WeightedSumRequest {
  /** Values of each weight; weight `i` lies in blob `i % blobs`. All have the same length. */
  readonly weights: readonly Float32Array[];
  readonly blobs: number;
  readonly identity?: string | undefined;
  /** Told of each read. */
  readonly onRead?: ((name: string, signal: AbortSignal | undefined) => void | Promise<void>) | undefined;
}

/** `y = x + w0 + w1 + …` over `[length]`, with its weights in several blobs and gaps between them. */
export function weightedSum(request: WeightedSumRequest): ModelArtifact {
  const length = request.weights[0]!.length;
  const placed = request.weights.map((data, index) => place(data, index, request));
  const nodes = placed.map(
    ({ tensor }, index): GraphNode => ({
      name: `add${index}`,
      operator: 'Add',
      domain: '',
      inputs: [index === 0 ? 'x' : `sum${index - 1}`, tensor.name],
      outputs: [index === placed.length - 1 ? 'y' : `sum${index}`],
      attributes: {},
    }),
  );
  const graph = serializeModel({
    name: 'weighted-sum',
    opsets: new Map([['', 21]]),
    nodes,
    inputs: [{ name: 'x', type: 'float32', shape: [length] }],
    outputs: [{ name: 'y', type: 'float32', shape: [length] }],
    constants: [],
    weights: placed.map(({ tensor, location }) => ({
      ...tensor,
      type: 'float32',
      shape: [length],
      location,
    })),
  });
  return { label: 'weighted-sum', graph, weights: blobsOf(placed, request), inputs: [], outputs: [] };
}

interface Placed {
  readonly location: string;
  readonly tensor: ExternalTensor;
}

function place(data: Float32Array, index: number, { blobs, onRead }: WeightedSumRequest): Placed {
  const stride = Math.ceil(data.byteLength / 64) * 64 + 64;
  const name = `w${index}`;
  return {
    location: `part-${index % blobs}.weights`,
    tensor: {
      name,
      offset: Math.floor(index / blobs) * stride,
      byteLength: data.byteLength,
      read: async (signal) => {
        await onRead?.(name, signal);
        return bytesOf(data);
      },
    },
  };
}

function blobsOf(placed: readonly Placed[], { identity }: WeightedSumRequest): ExternalWeights[] {
  const locations = [...new Set(placed.map(({ location }) => location))];
  return locations.map((location) => {
    const tensors = placed.filter((one) => one.location === location).map(({ tensor }) => tensor);
    const byteLength = Math.max(...tensors.map((tensor) => tensor.offset + tensor.byteLength));
    return { location, byteLength, tensors, identity: identity && `${identity}/${location}` };
  });
}

function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

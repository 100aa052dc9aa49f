import type { ModelArtifact } from '../../src/backends/backend.js';
import type { Tensor } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import { matmul } from '../../src/onnx/linear.js';
import { weightedSum } from '../../src/testing/sample-networks.js';

/** A stack of matrix products over `x [rows, width]`: `layers * width² * 4` bytes of weights that differ from each other. */
export function matrixStack(layers: number, width: number, identity?: string): ModelArtifact {
  const g = new GraphBuilder('matrix-stack');
  let x = g.input('x', 'float32', ['rows', width]);
  for (let i = 0; i < layers; i++) x = matmul(g, x, g.weight(`w${i}`, [width, width]));
  g.output('y', x);
  const { bytes, blobs } = g.build();
  return {
    label: 'matrix-stack',
    graph: bytes,
    inputs: [],
    outputs: [],
    weights: blobs.map((blob, part) => ({
      ...blob,
      identity: identity && `${identity}/${part}`,
      tensors: blob.tensors.map((tensor, index) => ({
        ...tensor,
        read: async () => noise(tensor.byteLength, index + 1),
      })),
    })),
  };
}

/** Rows of ones for {@link matrixStack}. */
export function ones(rows: number, width: number): Record<string, Tensor> {
  return { x: { type: 'float32', shape: [rows, width], data: new Float32Array(rows * width).fill(1) } };
}

/** One blob of three weights with gaps between them, filled with `fill`. */
export function smallWeights(
  fill: number,
  identity: string | undefined,
  onRead?: (name: string) => void | Promise<void>,
): ModelArtifact {
  const weights = [1, 2, 3].map((factor) => new Float32Array(1000).fill(fill * factor));
  return weightedSum({ weights, blobs: 1, identity, onRead });
}

/** Small floats without repetition, cheap to make. */
function noise(byteLength: number, seed: number): Uint8Array {
  const values = new Float32Array(byteLength / 4);
  let state = seed;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state * 1e-12;
  }
  return new Uint8Array(values.buffer);
}

import type { ExternalWeights, ModelArtifact, Tensor, TensorType } from 'animatediff-js';
import { tensorArrays } from '../../../src/core/tensor.js';

/** Bytes as text: what crosses from Node into a page is JSON. */
type Base64 = string;

/** A {@link Tensor} of nothing but JSON. */
export interface PlainTensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly bytes: Base64;
}

/** A {@link ModelArtifact} of nothing but JSON. */
export interface PlainArtifact extends Omit<ModelArtifact, 'graph' | 'weights'> {
  readonly graph: Base64;
  readonly weights: readonly (Omit<ExternalWeights, 'tensors'> & {
    readonly tensors: readonly { name: string; offset: number; byteLength: number; bytes: Base64 }[];
  })[];
}

export async function plainArtifact(artifact: ModelArtifact): Promise<PlainArtifact> {
  const weights = artifact.weights.map(async (blob) => ({
    ...blob,
    tensors: await Promise.all(
      blob.tensors.map(async ({ name, offset, byteLength, read }) => ({
        name,
        offset,
        byteLength,
        bytes: encoded(await read()),
      })),
    ),
  }));
  return { ...artifact, graph: encoded(artifact.graph), weights: await Promise.all(weights) };
}

export function revivedArtifact({ graph, weights, ...rest }: PlainArtifact): ModelArtifact {
  const revived = weights.map((blob) => ({
    ...blob,
    identity: undefined,
    tensors: blob.tensors.map(({ bytes, ...tensor }) => ({ ...tensor, read: async () => decoded(bytes) })),
  }));
  return { ...rest, graph: decoded(graph), weights: revived };
}

export function plain({ type, shape, data }: Tensor): PlainTensor {
  return { type, shape, bytes: encoded(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

export function revivedTensor({ type, shape, bytes }: PlainTensor): Tensor {
  return { type, shape, data: new tensorArrays[type](decoded(bytes).buffer) };
}

function encoded(bytes: Uint8Array): Base64 {
  let text = '';
  for (let start = 0; start < bytes.length; start += 2 ** 14) {
    text += String.fromCharCode(...bytes.subarray(start, start + 2 ** 14));
  }
  return btoa(text);
}

function decoded(text: Base64): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

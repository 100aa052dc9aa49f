import type { FusedOperator, ModelArtifact } from '../backends/backend.js';
import { formatDim } from '../onnx/dim.js';
import { GraphBuilder } from '../onnx/graph.js';
import type { Value } from '../onnx/value.js';
import { makeNet, type Net } from './nn/net.js';
import { weightCollector } from './weight-collector.js';
import type { WeightSource } from './weight-source.js';

/** What every network's builder is given. */
export interface NetworkRequest {
  weights: WeightSource;
  /** Fused operators that the backend runs rightly. */
  dialect: ReadonlySet<FusedOperator>;
  signal?: AbortSignal | undefined;
}

/**
 * Writes a network's graph and joins it with the weights it asked for.
 * @throws `weights-mismatch` when weights are missing or misshapen.
 */
export async function buildArtifact(
  label: string,
  request: NetworkRequest,
  emit: (net: Net) => void,
): Promise<ModelArtifact> {
  const { weights, signal } = request;
  const g = new GraphBuilder(label);
  const collector = weightCollector(weights, label);
  emit(makeNet(g, request.dialect, collector));
  collector.check();
  const built = g.build();
  const identity = await weights.identity({ signal });
  return {
    label,
    graph: built.bytes,
    inputs: built.inputs.map(tensorSpec),
    outputs: built.outputs.map(tensorSpec),
    weights: built.blobs.map((blob) => ({
      location: blob.location,
      byteLength: blob.byteLength,
      // What the blob holds follows from the source and from which of its tensors lie where.
      identity: identity && `${identity}|float32|${blob.tensors.map((t) => `${t.name}@${t.offset}`).join()}`,
      tensors: blob.tensors.map((placed) => ({
        ...placed,
        async read(readSignal?: AbortSignal): Promise<Uint8Array> {
          const values = await weights.read(placed.name, { signal: readSignal });
          return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        },
      })),
    })),
  };
}

function tensorSpec({ name, type, shape }: Value): ModelArtifact['inputs'][number] {
  return { name, type, shape: shape.map((size) => (typeof size === 'number' ? size : formatDim(size))) };
}

import type { ModelArtifact } from '../../src/backends/backend.ts';
import { buildArtifact } from '../../src/models/artifact.ts';
import type { Net } from '../../src/models/nn/net.ts';
import type { WeightSource } from '../../src/models/weight-source.ts';
import type { Value } from '../../src/onnx/value.ts';
import { gradientOutputs } from '../../src/training/gradient-outputs.ts';
import type { StartValue } from '../../src/training/train-unet.ts';

/** Start values as a network's weights. */
export function startWeights(label: string, values: ReadonlyMap<string, StartValue>): WeightSource {
  return {
    label,
    names: [...values.keys()],
    shape: (name) => values.get(name)?.shape,
    read: async (name) => values.get(name)!.values,
    identity: async () => undefined,
  };
}

/** A network whose weights are all trained: each is an input, and has an output with its gradient beside `loss`. */
export function trainingGraph(
  label: string,
  start: ReadonlyMap<string, StartValue>,
  sizes: Readonly<Record<string, number>>,
  lossOf: (net: Net) => Value,
): Promise<ModelArtifact> {
  const request = {
    weights: startWeights(label, start),
    dialect: new Set<never>(),
    fed: start,
    sizes: new Map(Object.entries(sizes)),
  };
  return buildArtifact(label, request, (net) => {
    gradientOutputs(net.g, lossOf(net), [...start.keys()]);
  });
}

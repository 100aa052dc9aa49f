import type { ModelArtifact } from '../backend.js';
import type { OrtNodeOptions } from '../ort-node-options.js';
import { defaultCacheDirectory } from './cache-folder-node.js';
import { readIntoMemory } from './memory-weights.js';
import { memoryWeights, type PreparedWeights } from './prepared-weights.js';
import { type PrepareOptions, weightsCache } from './weights-cache-node.js';
import { weightsProgress } from './weights-progress.js';

/** Files do not pay for networks below this size. */
const memoryBelowBytes = 32 * 2 ** 20;

const defaultMaxBytes = 40e9;

/** Brings the weights of networks to where a runtime can take them. */
export type PrepareWeights = (artifact: ModelArtifact, options: PrepareOptions) => Promise<PreparedWeights>;

/** Weights as files or in memory, as the backend's `weightsCache` option says. */
export function nodeWeights(option: OrtNodeOptions['weightsCache'] = {}): PrepareWeights {
  if (option === 'memory') return prepareInMemory;
  const { directory = defaultCacheDirectory(), maxBytes = defaultMaxBytes } =
    option === false ? { maxBytes: 0 } : option;
  const cache = weightsCache({ directory, maxBytes });
  return (artifact, options) =>
    totalBytes(artifact) < memoryBelowBytes
      ? prepareInMemory(artifact, options)
      : cache.prepare(artifact, options);
}

async function prepareInMemory(
  artifact: ModelArtifact,
  { signal, onProgress }: PrepareOptions,
): Promise<PreparedWeights> {
  const progress = weightsProgress(artifact.label, totalBytes(artifact), onProgress);
  return memoryWeights(await readIntoMemory(artifact.weights, artifact.label, progress, signal));
}

function totalBytes({ weights }: ModelArtifact): number {
  return weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

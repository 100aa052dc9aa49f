import type { ClipTextConfig } from '../../src/models/clip-text-config.ts';
import type { VaeConfig } from '../../src/models/vae-config.ts';

/** Sizes of the model's networks. */
export const vaeSizes: VaeConfig = {
  imageChannels: 3,
  latentChannels: 4,
  blockOutChannels: [8, 16, 32, 48],
  layersPerBlock: 1,
  // Of one group only: where a picture is two plain colours, several would each lose how far apart they are.
  normNumGroups: 1,
  // Told by the latents when the VAE is there.
  scalingFactor: 1,
};

export const textSizes: ClipTextConfig = {
  vocabSize: 705,
  hiddenSize: 64,
  intermediateSize: 256,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 77,
  hiddenAct: 'quick_gelu',
  layerNormEps: 1e-5,
};

export const unetSizes = {
  channels: [40, 80],
  layers: 1,
  context: textSizes.hiddenSize,
  heads: 4,
  groups: 8,
} as const;

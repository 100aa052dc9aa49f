import { makeNet } from '../../src/models/nn/net.js';
import { emitUnet } from '../../src/models/unet.js';
import type { UnetConfig } from '../../src/models/unet-config.js';
import type { UnetRequest } from '../../src/models/unet-layers.js';
import type { WeightSource } from '../../src/models/weight-source.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import type { Value } from '../../src/onnx/value.js';
import { ramp } from '../support/run-graph.js';

const config: UnetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [8, 16],
  layersPerBlock: 1,
  levelHasAttention: [true, false],
  attentionHeads: [2, 2],
  transformerDepth: 1,
  crossAttentionDim: 6,
  normNumGroups: 2,
  normEps: 1e-5,
  flipSinToCos: true,
  freqShift: 0,
};

/** A UNet of two levels with motion modules, of every kind of layer, and small enough for plain loops. */
export interface SmallUnet {
  readonly request: Omit<UnetRequest, 'dialect'>;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/** Makes it, with the same weights each time. */
export function smallUnet(): SmallUnet {
  const shapes = new Map<string, readonly number[]>();
  const motion = {
    config: { maxFrames: 4, attentionHeads: 2, normNumGroups: 2 },
    version: 'v2',
    groupNorm: 'original',
  } as const;
  emitSmallUnet({ config, motion, weights: emptySource }, (name, shape) => shapes.set(name, shape));
  const weights = new Map(
    [...shapes].map(([name, shape], index) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const inSize = count / shape[0]!;
      const drawn = ramp(count, index + 1).map((value) => value * Math.sqrt(2 / Math.max(inSize, 8)));
      // Scales of norms are about 1.
      const isScale = /norm\w*\.weight$/.test(name);
      return [name, { shape, data: isScale ? drawn.map((value) => 1 + value) : drawn }] as const;
    }),
  );
  const source: WeightSource = {
    label: 'small',
    names: weights.keys(),
    shape: (name) => weights.get(name)?.shape,
    read: async (name) => weights.get(name)!.data.slice(),
    identity: async () => undefined,
  };
  return { request: { config, motion, weights: source }, weights };
}

const emptySource: WeightSource = {
  label: 'none',
  names: [],
  shape: () => undefined,
  read: async () => new Float32Array(0),
  identity: async () => undefined,
};

/** Writes the network. @param onWeight Told each weight that it asks for. */
export function emitSmallUnet(
  request: Omit<UnetRequest, 'dialect'>,
  onWeight: (name: string, shape: readonly number[]) => void,
  sizes?: ReadonlyMap<string, number>,
): { readonly g: GraphBuilder; readonly noise: Value } {
  const g = new GraphBuilder('small', sizes);
  const dialect = new Set<never>();
  const net = makeNet(g, dialect, { request: onWeight, has: () => true, check: () => undefined });
  return { g, noise: emitUnet(net, { ...request, dialect }) };
}

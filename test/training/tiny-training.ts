import type { ModelArtifact, Session, Tensor } from 'animatediff-js';
import * as ort from 'onnxruntime-node';
import { torchRandom } from '../../src/core/torch-random.js';
import { timestepWaves } from '../../src/models/nn/time-embedding.js';
import { motionModuleCount, type UnetConfig } from '../../src/models/unet-config.js';
import type { UnetRequest } from '../../src/models/unet-layers.js';
import type { OpenedModel } from '../../src/pipeline/opened-model.js';

/** Sizes of a training example of the tiny model. */
export interface ExampleSize {
  readonly batch: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/** The tiny UNet with its motion module. */
export function tinyUnetRequest(model: OpenedModel): Omit<UnetRequest, 'dialect'> {
  return {
    ...model.unet,
    motion: { config: model.motion!.config, version: 'v2', groupNorm: 'original' },
  };
}

/** The sizes of {@link exampleFeeds} by the names that the network has for them. */
export function sizesOf({ batch, frames, height, width }: ExampleSize): ReadonlyMap<string, number> {
  return new Map(Object.entries({ batch, frames, height, width, times: 1, contexts: batch, tokens: 7 }));
}

/** Inputs of a training step that never change. */
export function exampleFeeds(
  { unet: { config } }: { readonly unet: { readonly config: UnetConfig } },
  { batch, frames, height, width }: ExampleSize,
): Record<string, Tensor> {
  const modules = motionModuleCount(config);
  const waves = timestepWaves(400, { ...config, size: config.blockOutChannels[0]! });
  const sample = [batch, 4, frames, height, width];
  return {
    sample: normal(sample, 1),
    target: normal(sample, 2),
    loss_weight: {
      type: 'float32',
      shape: [batch],
      data: Float32Array.from({ length: batch }, (_, i) => 1 + i),
    },
    time: { type: 'float32', shape: [1, waves.length], data: waves },
    context: normal([batch, 7, config.crossAttentionDim], 3),
    motion_effect: filled([modules, batch, frames], 1),
    motion_scale: filled([modules, frames], 1),
  };
}

/** Feeds that a session may keep. */
export function copied(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

/** One run of a network as it is written: the runtime fuses and reorders nothing. */
export async function runUnfused(
  artifact: ModelArtifact,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<ort.InferenceSession.ReturnType> {
  const externalData = await Promise.all(
    artifact.weights.map(async ({ location, byteLength, tensors }) => {
      const data = new Uint8Array(byteLength);
      for (const { offset, read } of tensors) data.set(await read(), offset);
      return { path: location, data };
    }),
  );
  const session = await ort.InferenceSession.create(artifact.graph, {
    externalData,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const inputs = Object.entries(feeds).map(([name, { type, data, shape }]) => [
    name,
    new ort.Tensor(type, data, shape),
  ]);
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return outputs;
}

/** One run with copies of the feeds. */
export function runOnce(
  session: Session,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  return session.run(copied(feeds));
}

export function normal(shape: readonly number[], seed: number): Tensor {
  return { type: 'float32', shape, data: torchRandom(seed).normal(count(shape)) };
}

function filled(shape: readonly number[], value: number): Tensor {
  return { type: 'float32', shape, data: new Float32Array(count(shape)).fill(value) };
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

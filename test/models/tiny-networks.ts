import type { ModelArtifact, Session, Tensor } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import type { Backend, FusedOperator } from '../../src/backends/backend.js';
import { torchRandom } from '../../src/core/torch-random.js';
import { buildClipText } from '../../src/models/clip-text.js';
import { freeUFeeds } from '../../src/models/nn/free-u.js';
import { timestepWaves } from '../../src/models/nn/time-embedding.js';
import type { Precision } from '../../src/models/precision.js';
import type { Quantization } from '../../src/models/quantization.js';
import { buildUnet } from '../../src/models/unet.js';
import { motionModuleCount } from '../../src/models/unet-config.js';
import type { UnetForm } from '../../src/models/unet-form.js';
import { buildVaeDecoder } from '../../src/models/vae-decoder.js';
import { buildVaeEncoder } from '../../src/models/vae-encoder.js';
import { type OpenedModel, openModel } from '../../src/pipeline/opened-model.js';
import { viewFeeds } from '../../src/pipeline/view-feeds.js';
import { fixture } from '../support/tiny-model.js';

/** How a network is written. */
export interface Writing {
  readonly precision: Precision;
  readonly dialect: ReadonlySet<FusedOperator>;
  readonly quantization?: Quantization | undefined;
}

/** A network of the tiny model, and inputs for it. */
export interface TinyNetwork {
  build(writing: Writing): Promise<ModelArtifact>;
  feeds(): Record<string, Tensor>;
}

/** The files of the tiny model, opened. */
export function openTiny(): Promise<OpenedModel> {
  return openModel(
    {
      checkpoint: fileSource(fixture('tiny-sd15/model')),
      motionModule: fileSource(fixture('tiny-sd15/motion/v2.ckpt')),
    },
    () => undefined,
  );
}

const frames = 3;
const side = 16;

/** The UNet in one of its forms, with guidance's two halves. */
export function tinyUnet(model: OpenedModel, form: UnetForm, version = 'v2'): TinyNetwork {
  const { config } = model.unet;
  const modules = motionModuleCount(config);
  const motion = { config: model.motion!.config, version, groupNorm: 'original' } as const;
  const waves = timestepWaves(500, { ...config, size: config.blockOutChannels[0]! });
  return {
    build: (writing) => buildUnet({ ...model.unet, ...writing, motion, form }),
    feeds: () => ({
      sample: normal([2, 4, frames, side, side], 1),
      time: { type: 'float32', shape: [1, waves.length], data: waves.slice() },
      context: normal([2, 77, config.crossAttentionDim], 2),
      motion_effect: ones([modules, 2, frames]),
      motion_scale: ones([modules, frames]),
      ...(form.viewWindows ? viewFeeds({ length: 2, stride: 1 }, frames, 32) : {}),
      ...(form.freeU
        ? freeUFeeds(form.freeU, { b1: 1.5, b2: 1.6, s1: 0.9, s2: 0.2 }, config, {
            height: side,
            width: side,
          })
        : {}),
    }),
  };
}

/** The text encoder, with one prompt. */
export function tinyTextEncoder({ textEncoder }: OpenedModel): TinyNetwork {
  const { vocabSize, hiddenSize, numHiddenLayers, maxPositionEmbeddings: length } = textEncoder.config;
  return {
    build: (writing) => buildClipText({ ...textEncoder, ...writing }),
    feeds: () => ({
      ids: integers(
        Array.from({ length }, (_, i) => (37 * i) % vocabSize),
        [1, length],
      ),
      layer: integers([numHiddenLayers], [1]),
      keep: ones([1, length, 1]),
      inserted: {
        type: 'float32',
        shape: [1, length, hiddenSize],
        data: new Float32Array(length * hiddenSize),
      },
    }),
  };
}

/** The VAE's way from latents to a picture. */
export function tinyDecoder({ vae }: OpenedModel): TinyNetwork {
  return {
    build: (writing) => buildVaeDecoder({ ...vae, ...writing }),
    feeds: () => ({ latents: normal([1, vae.config.latentChannels, 8, 8], 3) }),
  };
}

/** The VAE's way from a picture to latents. */
export function tinyEncoder({ vae }: OpenedModel): TinyNetwork {
  return {
    build: (writing) => buildVaeEncoder({ ...vae, ...writing }),
    feeds: () => ({ image: normal([1, 3, 64, 64], 4) }),
  };
}

/** Every output of a network, one after the other. */
export async function outputOf(
  backend: Backend,
  network: TinyNetwork,
  precision: Precision,
  dialect: Writing['dialect'],
): Promise<Float32Array> {
  const session: Session = await backend.createSession(await network.build({ precision, dialect }));
  const outputs = await session.run(network.feeds());
  await session.dispose();
  return Float32Array.from(Object.values(outputs).flatMap(({ data }) => [...(data as Float32Array)]));
}

function normal(shape: readonly number[], seed: number): Tensor {
  return { type: 'float32', shape, data: torchRandom(seed).normal(size(shape)) };
}

function ones(shape: readonly number[]): Tensor {
  return { type: 'float32', shape, data: new Float32Array(size(shape)).fill(1) };
}

function integers(values: readonly number[], shape: readonly number[]): Tensor {
  return { type: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}

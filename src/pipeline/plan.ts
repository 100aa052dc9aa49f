import type { Backend, BackendCapabilities, ModelArtifact } from '../backends/backend.js';
import { elementCount } from '../core/tensor.js';
import { buildClipText } from '../models/clip-text.js';
import type { Precision } from '../models/precision.js';
import type { Quantization } from '../models/quantization.js';
import { buildUnet } from '../models/unet.js';
import type { UnetConfig } from '../models/unet-config.js';
import { latentScale } from '../models/vae-config.js';
import { buildVaeDecoder } from '../models/vae-decoder.js';
import { elementBytes } from '../onnx/weight-layout.js';
import type { ModelOptions, Residency } from './load-options.js';
import type { NetworkPrecision } from './network-precision.js';
import type { NetworkName } from './networks.js';
import { type OpenedModel, openModel } from './opened-model.js';
import { vaeDialect } from './vae-dialect.js';
import { vaeTiles } from './vae-tiling.js';

/** What a generation is planned for. */
export interface PlanOptions {
  /** Default 16, or 1 without a motion module. */
  numFrames?: number | undefined;
  /** Pixels. Default: what the model was trained on. */
  width?: number | undefined;
  /** Pixels. Default: as `width`. */
  height?: number | undefined;
  /** Of text encoder and UNet. Default: the pipeline's own, `float32` without one. */
  precision?: Precision | undefined;
  /** Of the VAE. Default: the pipeline's own, `float32` without one. */
  vaePrecision?: Precision | undefined;
  /** Of the UNet's linear layers. Default: the pipeline's own, none without one. */
  quantization?: Quantization | undefined;
  /** Default: `all` up to 1 GB of weights, otherwise `unet`. */
  residency?: Residency | undefined;
  /**
   * Where it is to run: graphs and weights are laid out for it, which on the CPU takes a quarter more. Default: the pipeline's
   * own; without one, weights as they are in the files.
   */
  backend?: Backend | undefined;
}

/** Memory of one network, in bytes. */
export interface NetworkPlan {
  readonly name: NetworkName;
  /** Weights as they are stored. */
  readonly weightBytes: number;
  /** Estimated intermediate results of one run, on a device that computes in the network's precision. */
  readonly activationBytes: number;
  /** Kilobytes of graph around the weights. */
  readonly graphBytes: number;
}

/** Expected memory of loading and generating, in bytes; estimated from shapes before any weight is read. */
export interface MemoryPlan {
  /** Each network alone. */
  readonly networks: readonly NetworkPlan[];
  /** The residency that the plan is for. */
  readonly residency: Residency;
  /** Sum of all weights. */
  readonly weightBytes: number;
  /** Expected largest use at one time: the networks that stay and the one at work, each with its intermediate results. */
  readonly peakBytes: number;
}

/** Weights up to which all networks stay in memory unless the caller decides. */
const keepAllBytes = 1e9;

/**
 * Plans memory from files alone: only headers are read, nothing is loaded, everything is closed again. The options are
 * those that `checkPlanOptions` let through.
 */
export async function planMemory(options: ModelOptions & PlanOptions): Promise<MemoryPlan> {
  const model = await openModel(options, () => undefined);
  try {
    return await planModel(model, options, new Set());
  } finally {
    await model.close();
  }
}

/** Plans memory of an opened model, whose graphs are for `usual` unless the options name another backend. */
export async function planModel(
  model: OpenedModel,
  options: PlanOptions,
  usual: BackendCapabilities['dialect'],
): Promise<MemoryPlan> {
  const width = options.width ?? options.height ?? model.nativeSize;
  const height = options.height ?? width;
  const frames = options.numFrames ?? (model.motion ? 16 : 1);
  const scale = latentScale(model.vae.config);
  const latentPixels = (width / scale) * (height / scale);
  const dialect = (await options.backend?.capabilities())?.dialect ?? usual;
  const { motion } = model;
  const { precision = 'float32', vaePrecision = 'float32' } = options;
  const [size, vaeSize] = [elementBytes[precision], elementBytes[vaePrecision]];
  const unet = await buildUnet({
    ...model.unet,
    dialect,
    precision,
    quantization: options.quantization,
    motion: motion && { config: motion.config, version: motion.module.version, groupNorm: 'original' },
  });
  const networks = [
    networkPlan('text_encoder', await buildClipText({ ...model.textEncoder, dialect, precision }), 0),
    networkPlan('unet', unet, size * unetActivations(model.unet.config, frames * latentPixels)),
    networkPlan(
      'vae_decoder',
      await buildVaeDecoder({ ...model.vae, dialect: vaeDialect(dialect), precision: vaePrecision }),
      vaeSize * decoderActivations(model.vae.config.blockOutChannels, decodedAtOnce(width, height, scale)),
    ),
  ];
  const weightBytes = networks.reduce((sum, network) => sum + network.weightBytes, 0);
  const residency = options.residency ?? usualResidency(model, { unet: precision, vae: vaePrecision });
  return { networks, residency, weightBytes, peakBytes: peak(networks, residency) };
}

/** `all` for models whose weights take at most 1 GB, otherwise `unet`. */
export function usualResidency(
  { unet, textEncoder, vae }: OpenedModel,
  precision: NetworkPrecision,
): Residency {
  const count = ({ weights }: OpenedModel['unet' | 'textEncoder' | 'vae']): number =>
    [...weights.names].reduce((sum, name) => sum + elementCount(weights.shape(name) ?? [0]), 0);
  const bytes =
    elementBytes[precision.unet] * (count(unet) + count(textEncoder)) +
    elementBytes[precision.vae] * count(vae);
  return bytes <= keepAllBytes ? 'all' : 'unet';
}

function networkPlan(name: NetworkName, artifact: ModelArtifact, activationBytes: number): NetworkPlan {
  const weightBytes = artifact.weights.reduce((sum, blob) => sum + blob.byteLength, 0);
  return { name, weightBytes, activationBytes, graphBytes: artifact.graph.byteLength };
}

function peak(networks: readonly NetworkPlan[], residency: Residency): number {
  const stays = ({ name }: NetworkPlan): boolean =>
    residency === 'all' || (residency === 'unet' && name === 'unet');
  const atWork = networks.map((network) => {
    const others = networks.filter((other) => other !== network && stays(other));
    // Runtimes keep the memory that a network's activations took for its next run.
    const kept = others.reduce((sum, other) => sum + other.weightBytes + other.activationBytes, 0);
    return kept + network.weightBytes + network.activationBytes;
  });
  return Math.max(...atWork);
}

/**
 * Elements of the skips of the way down, and the widest moment: the first level's feed-forward, whose hidden layer is eight
 * channels wide and is split, gated and multiplied.
 */
function unetActivations({ blockOutChannels, layersPerBlock }: UnetConfig, latentPixels: number): number {
  const skips = blockOutChannels.reduce(
    (sum, channels, level) => sum + (layersPerBlock + 1) * channels * 4 ** -level,
    0,
  );
  const widest = 24 * blockOutChannels[0]!;
  return latentPixels * (skips + widest);
}

/** Pixels that the decoder works on at one time, unless told otherwise. */
function decodedAtOnce(width: number, height: number, scale: number): number {
  const { measured } = vaeTiles(height / scale, width / scale, scale) ?? {};
  return measured ? measured.rows.size * measured.columns.size * scale ** 2 : width * height;
}

/** Elements of the last level at full size: input, norm, activation and convolution of the second-widest channels. */
function decoderActivations(blockOutChannels: readonly number[], pixels: number): number {
  return pixels * 5 * (blockOutChannels[1] ?? blockOutChannels[0]!);
}

import type { ModelArtifact } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import { multiplyDims } from '../onnx/dim.js';
import { buildArtifact } from './artifact.js';
import { asCompute, type Net } from './nn/net.js';
import type { UnetConfig } from './unet-config.js';
import { convIn, downLayers, noiseHead, type UnetRequest, unetTrunk, upLayers } from './unet-layers.js';

/** Where deep features come in. */
export interface DeepEntry {
  /** The layer of the finest level on the way up, by index, that begins from them. */
  readonly index: number;
  /** Their channels. */
  readonly channels: number;
}

/**
 * Where a branch takes deep features, of those that have the latents' size: branches are counted from the shallowest,
 * which has one layer on the way up and none on the way down, as DeepCache's `cache_branch_id`.
 * @param option What the branch is called in errors.
 * @throws `invalid-options` for a branch that leaves the finest level.
 */
export function deepEntry(
  { layersPerBlock, blockOutChannels }: UnetConfig,
  branch: number,
  option = 'branch',
): DeepEntry {
  const index = layersPerBlock - branch;
  if (!Number.isInteger(branch) || branch < 0 || index < 0) {
    throw new AnimateDiffError(
      'invalid-options',
      `${option}: expected a whole number from 0 to ${layersPerBlock}, the layers of this model's finest level on the way down, got ${branch}`,
    );
  }
  // The first layer is given what comes from the level below.
  const [own = 0, below = own] = blockOutChannels;
  return { index, channels: index > 0 ? own : below };
}

/**
 * The layers of the UNet that are nearest to the latents, for steps that take the rest from a step before (Ma, Fang and
 * Wang 2024, "DeepCache: Accelerating Diffusion Models for Free", section 3.2): features of the deep layers hardly change
 * from one step to the next. Inputs are those of `buildUnet`, motion modules under the same numbers, and
 *
 * - `deep_features` float32 `['batch' * 'frames', channels, 'height', 'width']`: what a whole UNet whose form has the same
 *   `deepFeatures` gave under that name.
 *
 * Output: `noise`, which for the features of the same step is the whole UNet's.
 */
export function buildShallowUnet(request: UnetRequest): Promise<ModelArtifact> {
  return buildArtifact('unet_shallow', request, (net) => emitShallowUnet(net, request));
}

function emitShallowUnet(net: Net, request: UnetRequest): void {
  const { config, form } = request;
  const branch = form?.deepFeatures ?? 0;
  const { index, channels } = deepEntry(config, branch);
  const trunk = unetTrunk(net, request);
  const { batch, frames } = trunk.clip;
  const [, , height, width] = trunk.images.shape;
  const deep = net.g.input('deep_features', 'float32', [
    multiplyDims(batch, frames),
    channels,
    height!,
    width!,
  ]);
  const skips = [convIn(net, trunk)];
  downLayers(net, trunk, skips, 0, branch);
  const range = { level: 0, from: index, to: config.layersPerBlock + 1 };
  const last = upLayers(net, trunk, asCompute(net, deep), skips, range);
  net.g.output('noise', noiseHead(net, trunk, last));
}

import { bytesSource } from '../core/bytes-source.js';
import type { ModelSource } from '../core/source.js';
import { elementCount } from '../core/tensor.js';
import { sinusoidalPositions } from '../models/frame-positions.js';
import type { UnetConfig } from '../models/unet-config.js';
import { type NamedTensor, writeSafetensors } from '../weights/safetensors-writer.js';
import { namedTensor } from './lora-part.js';
import { originalMotionName } from './original-names.js';
import { trainingRandom } from './training-random.js';

/** What a motion module from nothing is like. */
export interface NewMotionModule {
  /** Most frames in a clip: positions of the table. v3 has 32, v1 24. */
  readonly maxFrames: number;
  /** Whether there is one in the UNet's middle, as in v2. */
  readonly midBlock: boolean;
  readonly seed: number;
}

/**
 * A motion module for a UNet with random weights, under the original names. What it adds is multiplied by zeros at first
 * (`proj_out`), so that the first step sees the image model alone (Guo et al. 2023, section 4.2). The rest begins as torch's
 * linear layers do: with a deviation of `1 / sqrt(3 in)`.
 */
export function newMotionModule(
  config: UnetConfig,
  { maxFrames, midBlock, seed }: NewMotionModule,
): ModelSource {
  const tensors: NamedTensor[] = [];
  const { blockOutChannels, layersPerBlock } = config;
  const levels = blockOutChannels.length;
  const module = (path: string, channels: number): void => {
    const add = (name: string, shape: readonly number[], values: Float32Array): void => {
      tensors.push(namedTensor(originalMotionName(`${path}.${name}`), { shape, values }));
    };
    const filled = (name: string, shape: readonly number[], value: number): void =>
      add(name, shape, new Float32Array(elementCount(shape)).fill(value));
    const drawn = (name: string, shape: readonly number[], inSize: number): void => {
      const deviation = 1 / Math.sqrt(3 * inSize);
      const values = trainingRandom(seed, 'weights', tensors.length).normal(elementCount(shape));
      add(
        name,
        shape,
        values.map((value) => value * deviation),
      );
    };
    const norm = (name: string): void => {
      filled(`${name}.weight`, [channels], 1);
      filled(`${name}.bias`, [channels], 0);
    };
    const linear = (name: string, out: number, inSize: number, bias = true): void => {
      drawn(`${name}.weight`, [out, inSize], inSize);
      if (bias) drawn(`${name}.bias`, [out], inSize);
    };
    const block = 'transformer_blocks.0';
    norm('norm');
    linear('proj_in', channels, channels);
    for (const attention of ['attn1', 'attn2']) {
      for (const projection of ['to_q', 'to_k', 'to_v']) {
        linear(`${block}.${attention}.${projection}`, channels, channels, false);
      }
      linear(`${block}.${attention}.to_out.0`, channels, channels);
      // Both attentions of a block add the same table.
      const table = sinusoidalPositions(maxFrames, channels);
      add(`${block}.${attention}.pos_encoder.pe`, [1, maxFrames, channels], table);
    }
    for (const name of ['norm1', 'norm2', 'norm3']) norm(`${block}.${name}`);
    linear(`${block}.ff.net.0.proj`, 8 * channels, channels);
    linear(`${block}.ff.net.2`, channels, 4 * channels);
    filled('proj_out.weight', [channels, channels], 0);
    filled('proj_out.bias', [channels], 0);
  };
  for (const [level, channels] of blockOutChannels.entries()) {
    for (let layer = 0; layer < layersPerBlock; layer++)
      module(`down_blocks.${level}.motion_modules.${layer}`, channels);
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      module(`up_blocks.${levels - 1 - level}.motion_modules.${layer}`, channels);
    }
  }
  if (midBlock) module('mid_block.motion_modules.0', blockOutChannels.at(-1)!);
  return bytesSource(writeSafetensors(tensors), { name: 'new motion module' });
}

import { groupNorm } from '../../src/models/nn/group-norm.ts';
import { dense, swish } from '../../src/models/nn/layers.ts';
import type { Net } from '../../src/models/nn/net.ts';
import { toImages, toTokens } from '../../src/models/nn/tokens.ts';
import type { FrameLayer } from '../../src/models/unet-layers.ts';
import { add, multiply } from '../../src/onnx/elementwise.ts';
import { concat, reshape, splitSizes } from '../../src/onnx/shape-ops.ts';
import type { Value } from '../../src/onnx/value.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { unetSizes } from '../embedded/network-sizes.ts';
import { newWeights } from '../embedded/new-weights.ts';

/** Of three frames each, 21 channels² weights in all: a motion module's transformer has 22. */
const convolutions = 7;
const groups = 8;

/**
 * What the paper compares its temporal transformer with (Guo et al. 2023, section 5.3): convolutions over the frames of each
 * pixel, residual, of equal size. Frames before the first and after the last are zeros, and the last layer begins at zero.
 * The network's sizes have to be known.
 */
export const temporalConvolution: FrameLayer = (net, name, x, clip) =>
  net.scope(name, () => {
    const { g } = net;
    const [images, channels, height, width] = x.shape as readonly number[];
    const pixels = height! * width!;
    const frames = clip.frames as number;
    let h = toTokens(net, groupNorm(net, 'norm', x, { groups, epsilon: 1e-6 }));
    for (let i = 0; i < convolutions; i++) {
      const grid = reshape(g, swish(net, h), [images! / frames, frames, pixels, channels!]);
      const three = withNeighbours(net, grid);
      const y = dense(
        net,
        `convolutions.${i}`,
        reshape(g, three, [images! * pixels, 3 * channels!]),
        channels!,
      );
      h = i === convolutions - 1 ? y : add(g, h, y);
    }
    return add(g, x, toImages(net, h, x));
  });

/** Each frame with its predecessor and its successor, one after the other in the channels. */
function withNeighbours(net: Net, grid: Value): Value {
  const { g } = net;
  const others = (grid.shape[1] as number) - 1;
  const [first, rest] = splitSizes(g, grid, [1, others], 1) as [Value, Value];
  const [front, last] = splitSizes(g, grid, [others, 1], 1) as [Value, Value];
  const earlier = concat(g, [nothing(net, first), front], 1);
  const later = concat(g, [rest, nothing(net, last)], 1);
  return concat(g, [earlier, grid, later], 3);
}

function nothing({ g }: Net, x: Value): Value {
  return multiply(g, x, g.constant(Float32Array.of(0), [1], x.type));
}

/** Weights of {@link temporalConvolution} in all places of the embedded model's motion module. */
export function newTemporalConvolution(seed: number): ReadonlyMap<string, StartValue> {
  const w = newWeights(seed);
  const { channels: widths, layers } = unetSizes;
  const add = (path: string, channels: number): void => {
    w.norm(`${path}.norm`, channels);
    for (let i = 0; i < convolutions; i++) w.linear(`${path}.convolutions.${i}`, channels, 3 * channels);
    w.zero(`${path}.convolutions.${convolutions - 1}`);
  };
  widths.forEach((channels, level) => {
    const up = widths.length - 1 - level;
    for (let i = 0; i < layers; i++) add(`down_blocks.${level}.motion_modules.${i}`, channels);
    for (let i = 0; i <= layers; i++) add(`up_blocks.${up}.motion_modules.${i}`, channels);
  });
  return w.values;
}

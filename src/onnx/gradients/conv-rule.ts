import { type ConvAttributes, convTranspose2d, padZeros } from '../conv.js';
import { type Dim, multiplyDims } from '../dim.js';
import type { GraphBuilder } from '../graph.js';
import { matmul } from '../linear.js';
import { reduce } from '../reduce.js';
import { concat, reshape, sliceStrided, transpose } from '../shape-ops.js';
import type { Value } from '../value.js';
import {
  type BackwardStep,
  type GradientRule,
  inputLike,
  integerAttribute,
  integersAttribute,
} from './gradient-rule.js';

/** Two-dimensional convolution with bias: any stride, padding, dilation and number of groups. */
export const convRule: GradientRule = (step) => {
  const { g, gradient } = step;
  const x = inputLike(step, 0);
  const weight = inputLike(step, 1);
  if (x.shape.length !== 4) g.fail('the gradient of a convolution over other than two dimensions');
  const attributes = convAttributes(step, weight);
  return [
    () => convTranspose2d(g, gradient, step.input(1), attributes, [x.shape[2]!, x.shape[3]!]),
    () => weightGradient(g, step.input(0), gradient, weight, attributes),
    () => {
      const channels = gradient.shape[1]!;
      return reshape(g, reduce(g, 'sum', gradient, [0, 2, 3]), [channels]);
    },
  ];
};

function convAttributes(step: BackwardStep, weight: Value): ConvAttributes {
  const list = (name: string, fallback: readonly number[]): readonly number[] => {
    const given = integersAttribute(step, name);
    return given.length > 0 ? given : fallback;
  };
  return {
    kernel_shape: list('kernel_shape', weight.shape.slice(2) as readonly number[]),
    strides: list('strides', [1, 1]),
    pads: list('pads', [0, 0, 0, 0]),
    dilations: list('dilations', [1, 1]),
    group: integerAttribute(step, 'group', 1),
  };
}

/**
 * A matrix product for each place of the kernel: of the gradient's rows, one a channel, with the pixels that this place
 * met. Only reordered copies of the input are made, one at a time, and never all patches.
 */
function weightGradient(
  g: GraphBuilder,
  x: Value,
  gradient: Value,
  weight: Value,
  { kernel_shape, strides, pads, dilations, group }: ConvAttributes,
): Value {
  const [out, inSize] = weight.shape as readonly number[];
  const [kernelRows, kernelColumns] = kernel_shape as [number, number];
  const [images, , height, width] = gradient.shape as [Dim, Dim, Dim, Dim];
  const pixels = multiplyDims(images, height, width);
  // Rows `[group, channels of it, pixels of all images]`.
  const byChannel = (value: Value, channels: number): Value =>
    reshape(g, transpose(g, value, [1, 0, 2, 3]), [group, channels / group, pixels]);
  const rows = byChannel(gradient, out!);
  const padded = padZeros(g, x, pads);
  const taps: Value[] = [];
  for (let row = 0; row < kernelRows; row++) {
    for (let column = 0; column < kernelColumns; column++) {
      const along = (axis: 0 | 1, at: number, count: number, size: Dim) => ({
        axis: axis + 2,
        start: at * dilations[axis]!,
        beforeEnd: (count - 1 - at) * dilations[axis]!,
        step: strides[axis]!,
        size,
      });
      const met = sliceStrided(g, padded, [
        along(0, row, kernelRows, height),
        along(1, column, kernelColumns, width),
      ]);
      const columns = transpose(g, byChannel(met, inSize! * group), [0, 2, 1]);
      taps.push(reshape(g, matmul(g, rows, columns), [out!, inSize!, 1]));
    }
  }
  return reshape(g, taps.length === 1 ? taps[0]! : concat(g, taps, 2), weight.shape);
}

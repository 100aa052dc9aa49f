import { checkSameType } from './cast.js';
import { type Dim, dim, formatDim, formatShape, multiplyDims, parts, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import { sliceTo } from './shape-ops.js';
import type { Value } from './value.js';

/** How {@link conv2d} moves over its input. */
export interface ConvOptions {
  /** Step in both directions; default 1. */
  stride?: 1 | 2;
  /** Zeros around the input: top, left, bottom, right. Default keeps the size at stride 1. */
  pads?: readonly [number, number, number, number];
}

/**
 * Two-dimensional convolution over `[batch, channels, height, width]` with weights `[out, in, k, k]`.
 * As torch's `conv2d`.
 */
export function conv2d(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  options: ConvOptions = {},
): Value {
  const [batch, channels, height, width] = x.shape;
  const [outChannels, inChannels, kernel] = weight.shape;
  if (
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    typeof kernel !== 'number' ||
    outChannels === undefined
  ) {
    return g.fail(`conv needs [batch, channels, height, width], got ${formatShape(x.shape)}`);
  }
  if (!sameDim(channels!, inChannels!)) {
    g.fail(`conv '${weight.name}' expects ${formatDim(inChannels!)} channels, got ${formatShape(x.shape)}`);
  }
  checkSameType(g, 'conv', x, weight, bias);
  const stride = options.stride ?? 1;
  const same = (kernel - 1) / 2;
  const pads = options.pads ?? [same, same, same, same];
  return g.node({
    operator: 'Conv',
    inputs: [x, weight, bias],
    attributes: {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads,
      dilations: [1, 1],
      group: 1,
    },
    outputs: [
      {
        type: x.type,
        shape: [
          batch,
          outChannels,
          outputSize(g, height, pads[0] + pads[2] - kernel, stride),
          outputSize(g, width, pads[1] + pads[3] - kernel, stride),
        ],
      },
    ],
  })[0]!;
}

/** The attributes that {@link conv2d} gives a convolution. */
export interface ConvAttributes {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

/**
 * What a convolution with these attributes does to its input, the other way round: `[batch, out, …]` and the
 * convolution's own weights give `[batch, in, height, width]`. As torch's `conv_transpose2d`.
 * @param height Rows of the convolution's input, of which those that no step of it saw are 0; `width` likewise.
 */
export function convTranspose2d(
  g: GraphBuilder,
  y: Value,
  weight: Value,
  attributes: ConvAttributes,
  [height, width]: readonly [Dim, Dim],
): Value {
  const { kernel_shape: kernel, strides, pads, dilations, group } = attributes;
  checkSameType(g, 'conv', y, weight);
  const sizes = [height, width].map((size, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1 - pads[axis]! - pads[axis + 2]!;
    const steps = y.shape[axis + 2]!;
    const least = typeof steps === 'number' ? strides[axis]! * (steps - 1) + reach : undefined;
    // A size that is known at run time only is made as large as it can be, and cut.
    const extra = typeof size === 'number' && least !== undefined ? size - least : strides[axis]! - 1;
    return { size, extra, made: extra > 0 && least === undefined ? dim(`${formatDim(size)}+?`) : size };
  });
  const channels = (weight.shape[1] as number) * group;
  const made = g.node({
    operator: 'ConvTranspose',
    inputs: [y, weight],
    attributes: {
      kernel_shape: kernel,
      strides,
      pads,
      dilations,
      group,
      output_padding: sizes.map(({ extra }) => extra),
    },
    outputs: [{ type: y.type, shape: [y.shape[0]!, channels, ...sizes.map((each) => each.made)] }],
  })[0]!;
  return sizes.reduce(
    (cut, each, axis) => (each.made === each.size ? cut : sliceTo(g, cut, each.size, axis + 2)),
    made,
  );
}

/** `[batch, channels, height, width]` with rows and columns of zeros around: top, left, bottom, right. */
export function padZeros(g: GraphBuilder, x: Value, pads: readonly number[]): Value {
  if (pads.every((count) => count === 0)) return x;
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  const more = (size: Dim, count: number): Dim =>
    typeof size === 'number' ? size + count : dim(`${formatDim(size)}+${count}`);
  const [batch, channels, height, width] = x.shape;
  return g.node({
    operator: 'Pad',
    inputs: [x, g.constant(BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right], BigInt))],
    attributes: { mode: 'constant' },
    outputs: [
      { type: x.type, shape: [batch!, channels!, more(height!, top + bottom), more(width!, left + right)] },
    ],
  })[0]!;
}

/** `floor((size + margin) / stride) + 1`, for sizes with names as far as this family of networks needs it. */
function outputSize(g: GraphBuilder, size: Dim, margin: number, stride: number): Dim {
  if (typeof size === 'number') return Math.floor((size + margin) / stride) + 1;
  if (stride === 1 && margin === -1) return size;
  if (stride === 2 && (margin === -1 || margin === -2)) return halve(size, margin === -1);
  return g.fail(`conv over a size of ${formatDim(size)} with stride ${stride} is not supported`);
}

/** Half of a size, rounded up or down. */
export function halve(size: Dim, up: boolean): Dim {
  if (typeof size === 'number') return up ? Math.ceil(size / 2) : Math.floor(size / 2);
  const { coefficient, factors } = parts(size);
  if (coefficient % 2 === 0) return multiplyDims(coefficient / 2, ...factors.map(dim));
  return dim(`${up ? 'ceil' : 'floor'}(${formatDim(size)}/2)`);
}

/** Nearest-neighbour enlargement of `[batch, channels, height, width]` to the given height and width. */
export function resizeNearest(g: GraphBuilder, x: Value, height: Dim, width: Dim): Value {
  const [batch, channels] = x.shape;
  const shape = [batch!, channels!, height, width];
  return g.node({
    operator: 'Resize',
    inputs: [x, undefined, undefined, g.runtimeShape(shape)],
    attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    outputs: [{ type: x.type, shape }],
  })[0]!;
}

/** Nearest-neighbour enlargement to twice the size. */
export function upsampleNearest2x(g: GraphBuilder, x: Value): Value {
  const [batch, channels, height, width] = x.shape;
  return g.node({
    operator: 'Resize',
    inputs: [x, undefined, g.constant(Float32Array.of(1, 1, 2, 2))],
    attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    outputs: [
      { type: x.type, shape: [batch!, channels!, multiplyDims(2, height!), multiplyDims(2, width!)] },
    ],
  })[0]!;
}

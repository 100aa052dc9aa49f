import { type ConvOptions, conv2d } from '../../onnx/conv.js';
import { add, fusedQuickGelu, multiply, sigmoid } from '../../onnx/elementwise.js';
import { layerNorm } from '../../onnx/norm.js';
import { type RowForm, rowForms } from '../../onnx/row-form.js';
import { rowWinogradConv } from '../../onnx/row-winograd.js';
import type { Value } from '../../onnx/value.js';
import type { MatrixOptions, Net } from './net.js';

/** Options of {@link conv}. */
export interface ConvLayer extends ConvOptions {
  outChannels: number;
  /** Side of the square kernel; default 3. */
  kernel?: number;
  /**
   * Rows that the CPU makes at a time of a 3×3 kernel. Four (default) take fewer multiplications and half as many weights
   * again as two, which is no gain where few rows share them.
   */
  rowsAtATime?: 2 | 4 | undefined;
}

/** Convolution layer `name` with bias over `[images, channels, height, width]`. */
export function conv(net: Net, name: string, x: Value, options: ConvLayer): Value {
  return net.scope(name, () => {
    const kernel = options.kernel ?? 3;
    const shape = [options.outChannels, x.shape[1] as number, kernel, kernel];
    const weights = net.convolution('weight', shape, rowFormOf(kernel, options));
    const bias = net.weight('bias', [options.outChannels]);
    const y =
      'kernels' in weights
        ? rowWinogradConv(net.g, { x, form: weights.form, kernels: weights.kernels, bias })
        : conv2d(net.g, x, weights.weight, bias, options);
    const { branch } = weights;
    if (branch === undefined) return y;
    const low = conv2d(net.g, x, branch.down, undefined, options);
    return add(net.g, y, conv2d(net.g, low, branch.up, undefined));
  });
}

function rowFormOf(kernel: number, { stride = 1, pads, rowsAtATime = 4 }: ConvLayer): RowForm | undefined {
  return kernel === 3 && stride === 1 && pads === undefined ? rowForms[rowsAtATime] : undefined;
}

/**
 * Linear layer `name` over rows `[rows, in]`; with bias unless told otherwise. A 1×1 convolution's weights serve too.
 * Other options: see {@link MatrixOptions}.
 */
export function dense(
  net: Net,
  name: string,
  x: Value,
  outSize: number,
  options: MatrixOptions & { readonly bias?: boolean } = {},
): Value {
  return net.scope(name, () => {
    const weight = net.matrix('weight', [outSize, x.shape[1] as number], options);
    return weight.multiply(x, options.bias === false ? undefined : net.weight('bias', [outSize]));
  });
}

/** Layer normalisation `name` over the last axis. */
export function norm(net: Net, name: string, x: Value, epsilon: number): Value {
  return net.scope(name, () => {
    const size = x.shape.at(-1) as number;
    return layerNorm(net.g, x, net.weight('weight', [size]), net.weight('bias', [size]), epsilon);
  });
}

/** `x * sigmoid(alpha * x)`: SiLU for alpha 1, CLIP's quick GELU for 1.702. */
export function swish(net: Net, x: Value, alpha = 1): Value {
  if (net.dialect.has('QuickGelu')) return fusedQuickGelu(net.g, x, alpha);
  const scaled = alpha === 1 ? x : multiply(net.g, x, net.g.constant(Float32Array.of(alpha), [1], x.type));
  return multiply(net.g, x, sigmoid(net.g, scaled));
}

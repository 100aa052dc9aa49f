import { multiplyDims } from '../../onnx/dim.js';
import { reshape, transpose } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import type { Net } from './net.js';

/** Images `[images, channels, height, width]` as one row a pixel: `[images*height*width, channels]`. */
export function toTokens(net: Net, x: Value): Value {
  const { g } = net;
  const [images, channels, height, width] = x.shape;
  const pixels = multiplyDims(height!, width!);
  const tokens = transpose(g, reshape(g, x, [images!, channels!, pixels]), [0, 2, 1]);
  return reshape(g, tokens, [multiplyDims(images!, pixels), channels!]);
}

/** The way back from {@link toTokens} to the shape of the images. */
export function toImages(net: Net, tokens: Value, like: Value): Value {
  const { g } = net;
  const [images, channels, height, width] = like.shape;
  const pixels = multiplyDims(height!, width!);
  const planes = transpose(g, reshape(g, tokens, [images!, pixels, channels!]), [0, 2, 1]);
  return reshape(g, planes, [images!, channels!, height!, width!]);
}

import { add, addInto } from '../../onnx/elementwise.js';
import { reshape } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import type { Clip } from './clip.js';
import { groupNorm } from './group-norm.js';
import { type ConvLayer, conv, dense, swish } from './layers.js';
import type { Net } from './net.js';
import type { NormStatistics } from './norm-statistics.js';

/** Options of {@link resnet}. */
export interface ResnetOptions {
  outChannels: number;
  groups: number;
  epsilon: number;
  /** SiLU of the time embedding, `[1, size]` or a row for each image; none in a VAE. */
  time?: Value | undefined;
  /** Takes norm statistics over all frames of a clip (AnimateDiff v1). */
  acrossFrames?: Clip | undefined;
  /** Where the norms' statistics come from, when they are not their own. */
  statistics?: NormStatistics | undefined;
  /** Of both convolutions, see {@link ConvLayer}. */
  rowsAtATime?: ConvLayer['rowsAtATime'];
}

/**
 * Residual block `name`: norm, SiLU, conv, plus time, norm, SiLU, conv, plus the input (through a 1×1 convolution
 * where channels differ). As diffusers `models/resnet.py` ResnetBlock2D with its default time scale shift.
 */
export function resnet(net: Net, name: string, x: Value, options: ResnetOptions): Value {
  const { g } = net;
  const { outChannels, rowsAtATime } = options;
  return net.scope(name, () => {
    let h = conv(net, 'conv1', swish(net, groupNorm(net, 'norm1', x, options)), { outChannels, rowsAtATime });
    if (options.time !== undefined) {
      const shift = dense(net, 'time_emb_proj', options.time, outChannels, {
        sensitive: true,
        fewRows: true,
      });
      h = addInto(g, h, reshape(g, shift, [shift.shape[0]!, outChannels, 1, 1]));
    }
    h = conv(net, 'conv2', swish(net, groupNorm(net, 'norm2', h, options)), { outChannels, rowsAtATime });
    const shortcut =
      x.shape[1] === outChannels ? x : conv(net, 'conv_shortcut', x, { outChannels, kernel: 1 });
    return add(g, shortcut, h);
  });
}

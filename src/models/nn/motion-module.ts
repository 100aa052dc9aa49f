import { multiplyDims } from '../../onnx/dim.js';
import { add, multiply } from '../../onnx/elementwise.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { gather, inferred, reshape, sliceAt, sliceTo, transpose } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { attention, unetProjections } from './attention.js';
import type { Clip } from './clip.js';
import { feedForward } from './feed-forward.js';
import { groupNorm } from './group-norm.js';
import { dense, norm } from './layers.js';
import type { Net } from './net.js';
import { layerNormEpsilon, transformerNormEpsilon } from './spatial-transformer.js';
import { toImages, toTokens } from './tokens.js';
import { type Sequences, throughViews, type Views } from './view-windows.js';

/** What all motion modules of one network share. */
export interface MotionOptions {
  readonly heads: number;
  readonly groups: number;
  /** Number of frame positions that the file has. */
  readonly maxFrames: number;
  readonly clip: Clip;
  /** Whether the group norm takes its statistics over all frames. */
  readonly normAcrossFrames: boolean;
  /** Factors of the modules' effects, `[modules, batch, frames]`: 1 as trained, 0 for the image model alone. */
  readonly effect: Value;
  /** Factors of the temporal attention's keys, `[modules, frames]`: 1 as trained, more for livelier movement. */
  readonly keyScale: Value;
  /** Windows that the attentions look through; `undefined` when they see all frames. */
  readonly views: Views | undefined;
}

/**
 * Motion module `name`: a transformer over the frames of each pixel, added to its input (Guo et al. 2023, section 4.2;
 * guoyww/AnimateDiff `models/motion_module.py`). Two self-attentions, each seeing the frames' sinusoidal positions
 * added after its norm, then a feed-forward.
 * @param index Of this module among the network's, on the way down, in the middle, on the way up.
 */
export function motionModule(net: Net, name: string, x: Value, index: number, options: MotionOptions): Value {
  const { g } = net;
  const channels = x.shape[1] as number;
  return net.scope(name, () => {
    const { groups, clip } = options;
    const acrossFrames = options.normAcrossFrames ? clip : undefined;
    const normal = groupNorm(net, 'norm', x, { groups, epsilon: transformerNormEpsilon, acrossFrames });
    const tokens = dense(net, 'proj_in', toTokens(net, normal), channels, { sensitive: true });
    const mixed = net.scope('transformer_blocks.0', () =>
      temporalBlock(net, toFrameRows(net, tokens, options), x, index, options),
    );
    const residual = dense(net, 'proj_out', fromFrameRows(net, mixed, options), channels, {
      sensitive: true,
    });
    const effect = reshape(g, sliceAt(g, options.effect, index), [
      multiplyDims(clip.batch, clip.frames),
      1,
      1,
      1,
    ]);
    return add(g, x, multiply(g, toImages(net, residual, x), effect));
  });
}

/** Rows ordered `[batch, frames, pixels]` to rows ordered `[batch, pixels, frames]`: each pixel's frames together. */
function toFrameRows(net: Net, tokens: Value, { clip }: MotionOptions): Value {
  const { g } = net;
  const grid = reshape(g, tokens, [clip.batch, clip.frames, inferred, tokens.shape[1]!]);
  return reshape(g, transpose(g, grid, [0, 2, 1, 3]), tokens.shape);
}

function fromFrameRows(net: Net, rows: Value, { clip }: MotionOptions): Value {
  const { g } = net;
  const grid = reshape(g, rows, [clip.batch, inferred, clip.frames, rows.shape[1]!]);
  return reshape(g, transpose(g, grid, [0, 2, 1, 3]), rows.shape);
}

function temporalBlock(net: Net, rows: Value, images: Value, index: number, options: MotionOptions): Value {
  const { g } = net;
  const { clip, views } = options;
  const sequences = multiplyDims(clip.batch, images.shape[2]!, images.shape[3]!);
  const frames: Sequences = { sequences, length: clip.frames };
  const h = views
    ? throughViews(g, rows, views, frames, (seen, ofViews) => attentions(net, seen, ofViews, index, options))
    : attentions(net, rows, frames, index, options);
  return add(g, h, feedForward(net, norm(net, 'norm3', h, layerNormEpsilon)));
}

function attentions(
  net: Net,
  rows: Value,
  { sequences, length }: Sequences,
  index: number,
  options: MotionOptions,
): Value {
  const { g } = net;
  const { heads, maxFrames } = options;
  const channels = rows.shape[1] as number;
  const table = net.scope('pos_embed', () => net.weight('pe', [1, maxFrames, channels]));
  const positions = sliceTo(g, table, length, 1);
  const withPositions = (x: Value): Value =>
    reshape(g, add(g, reshape(g, x, [sequences, length, channels]), positions), x.shape);
  const scaleKeys = keyScaling(g, index, options);
  let h = rows;
  for (const layer of [1, 2]) {
    const normal = withPositions(norm(net, `norm${layer}`, h, layerNormEpsilon));
    h = add(
      g,
      h,
      net.scope(`attn${layer}`, () =>
        attention(net, normal, { heads, names: unetProjections, sequences, scaleKeys }),
      ),
    );
  }
  return h;
}

/** A frame's factor on its keys, wherever views show it. */
function keyScaling(
  g: GraphBuilder,
  index: number,
  { keyScale, clip, views }: MotionOptions,
): (keys: Value) => Value {
  const ofFrames = sliceAt(g, keyScale, index);
  if (views === undefined) {
    const factors = reshape(g, ofFrames, [1, clip.frames, 1]);
    return (keys) => multiply(g, keys, factors);
  }
  const places = multiplyDims(views.count, views.length);
  const factors = reshape(g, gather(g, ofFrames, views.frames), [1, places, 1]);
  return (keys) => {
    const channels = keys.shape[2]!;
    return reshape(g, multiply(g, reshape(g, keys, [inferred, places, channels]), factors), keys.shape);
  };
}

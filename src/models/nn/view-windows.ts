import { type Dim, dim, multiplyDims } from '../../onnx/dim.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { matmul } from '../../onnx/linear.js';
import { gather, reshape } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { asCompute, type Net } from './net.js';

/** Views of the frames, as the motion modules of one network share them. */
export interface Views {
  /** Frame numbers, int64 `[views, length]`. */
  readonly frames: Value;
  /** What each place of each view adds to each frame, `[1, frames, views*length]`; rows sum to 1. */
  readonly weights: Value;
  /** Number of views. */
  readonly count: Dim;
  /** Frames in each. */
  readonly length: Dim;
}

/** How rows lie together: so many sequences, each of so many rows. */
export interface Sequences {
  /** How many there are. */
  readonly sequences: Dim;
  /** Rows in each. */
  readonly length: Dim;
}

/** Declares the inputs `view_frames` int64 `['views', 'length']` and `view_weights` float32 `['frames', 'views', 'length']`. */
export function viewInputs(net: Net): Views {
  const { g } = net;
  const frames = g.input('view_frames', 'int64', ['views', 'length']);
  const weights = asCompute(net, g.input('view_weights', 'float32', ['frames', 'views', 'length']));
  const [count, length] = [dim('views'), dim('length')];
  return {
    frames,
    weights: reshape(g, weights, [1, dim('frames'), multiplyDims(count, length)]),
    count,
    length,
  };
}

/**
 * Rows of sequences of frames `[sequences*frames, channels]` as those of their views, `[sequences*views*length,
 * channels]`, through `body` and back, each frame the weighted mean of its places in the views (the window-based
 * attention fusion of Qiu et al. 2023).
 *
 * Cost: one gather and one matrix product more than the plain module. What `body` computes and holds grows by
 * `views * length / frames`, which is near `length / stride`: about 4 for FreeNoise's 16 and 4. The product takes
 * `frames * views * length * channels` multiplications a sequence, a few hundredths of the attentions' projections for
 * 64 frames. With the attentions as `body` and the feed-forward, the widest part of a module, after it, 64 frames in
 * those views took twice the time of the plain module (320 channels, 24×24, CPU) and a tenth more memory.
 */
export function throughViews(
  g: GraphBuilder,
  rows: Value,
  views: Views,
  { sequences, length: frames }: Sequences,
  body: (rows: Value, ofViews: Sequences) => Value,
): Value {
  const channels = rows.shape[1]!;
  const { count, length } = views;
  const seen = gather(g, reshape(g, rows, [sequences, frames, channels]), views.frames, 1);
  const made = body(reshape(g, seen, [multiplyDims(sequences, count, length), channels]), {
    sequences: multiplyDims(sequences, count),
    length,
  });
  const places = reshape(g, made, [sequences, multiplyDims(count, length), channels]);
  return reshape(g, matmul(g, views.weights, places), rows.shape);
}

import { describe, expect, test } from 'vitest';
import type { FusedOperator } from '../../src/backends/backend.js';
import { float32Tensor, type Tensor } from '../../src/core/tensor.js';
import { feedForward } from '../../src/models/nn/feed-forward.js';
import { dense, norm } from '../../src/models/nn/layers.js';
import { motionModule } from '../../src/models/nn/motion-module.js';
import { makeNet, type Net } from '../../src/models/nn/net.js';
import { layerNormEpsilon } from '../../src/models/nn/spatial-transformer.js';
import { toImages, toTokens } from '../../src/models/nn/tokens.js';
import { viewInputs } from '../../src/models/nn/view-windows.js';
import { dim, multiplyDims } from '../../src/onnx/dim.js';
import { add, multiply } from '../../src/onnx/elementwise.js';
import type { GraphBuilder } from '../../src/onnx/graph.js';
import { reshape } from '../../src/onnx/shape-ops.js';
import type { Value } from '../../src/onnx/value.js';
import { viewFeeds } from '../../src/pipeline/view-feeds.js';
import { viewWindows } from '../../src/windows/view-windows.js';
import { ramp, runGraph } from '../support/run-graph.js';

const [batch, channels, height, width, heads, groups, maxFrames] = [2, 8, 2, 3, 2, 2, 4] as const;
const plane = channels * height * width;

/** Weights that differ from each other, made when they are asked for; some may be set. */
function weights(
  set: (name: string, shape: readonly number[]) => Float32Array | undefined = () => undefined,
) {
  const made: Record<string, Float32Array> = {};
  return {
    made,
    collector: {
      request(name: string, shape: readonly number[]) {
        const count = shape.reduce((product, size) => product * size, 1);
        const seed = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) / 100;
        made[name] = set(name, shape) ?? ramp(count, seed).map((value) => value / 2);
      },
      has: () => true,
      check() {},
    },
  };
}

interface Clip {
  /** Images `[batch, frames, channels, height, width]`. */
  readonly x: Float32Array;
  /** Factors `[batch, frames]`. */
  readonly effect: Float32Array;
  /** Factors `[frames]`. */
  readonly keyScale: Float32Array;
  readonly frames: number;
}

const clipOf = (frames: number): Clip => ({
  x: ramp(batch * frames * plane, 3),
  effect: ramp(batch * frames, 4),
  keyScale: ramp(frames, 5).map((value) => 1 + value / 2),
  frames,
});

const dims = { batch: dim('batch'), frames: dim('frames') };

function feedsOf({ x, effect, keyScale, frames }: Clip): Record<string, Tensor> {
  return {
    x: float32Tensor(x, [batch, frames, channels, height, width]),
    effect: float32Tensor(effect, [1, batch, frames]),
    key_scale: float32Tensor(keyScale, [1, frames]),
  };
}

function images(g: GraphBuilder): Value {
  const clips = g.input('x', 'float32', ['batch', 'frames', channels, 'height', 'width']);
  return reshape(g, clips, [multiplyDims(dims.batch, dims.frames), channels, dim('height'), dim('width')]);
}

interface ModuleRun {
  readonly views?: Record<string, Tensor>;
  readonly dialect?: readonly FusedOperator[];
  readonly set?: (name: string, shape: readonly number[]) => Float32Array | undefined;
}

/** The motion module over a clip: `[batch, frames, channels, height, width]`. */
async function module(clip: Clip, { views, dialect = [], set }: ModuleRun = {}): Promise<Float32Array> {
  const { made, collector } = weights(set);
  const emit = (g: GraphBuilder): Value => {
    const x = images(g);
    const net = makeNet(g, new Set(dialect), collector);
    return motionModule(net, 'm', x, 0, {
      heads,
      groups,
      maxFrames,
      clip: dims,
      normAcrossFrames: false,
      effect: g.input('effect', 'float32', [1, 'batch', 'frames']),
      keyScale: g.input('key_scale', 'float32', [1, 'frames']),
      views: views && viewInputs(net),
    });
  };
  return (await runGraph({ ...feedsOf(clip), ...views }, emit, made)).data;
}

/** Some frames of values `[batch, frames, size]`. */
function pick(values: Float32Array, frames: number, window: readonly number[], size: number): Float32Array {
  const picked = new Float32Array(batch * window.length * size);
  for (let clip = 0; clip < batch; clip++) {
    window.forEach((frame, position) => {
      const from = (clip * frames + frame) * size;
      picked.set(values.subarray(from, from + size), (clip * window.length + position) * size);
    });
  }
  return picked;
}

const identity = ([rows = 0, columns = 1]: readonly number[]) =>
  Float32Array.from({ length: rows * columns }, (_, i) => (Math.floor(i / columns) === i % columns ? 1 : 0));

/** What the attentions make of a window: the module without feed-forward and with nothing after it, less its input. */
async function attended(clip: Clip, window: readonly number[]): Promise<Float32Array> {
  const x = pick(clip.x, clip.frames, window, plane);
  const part: Clip = {
    x,
    effect: new Float32Array(batch * window.length).fill(1),
    keyScale: Float32Array.from(window, (frame) => clip.keyScale[frame]!),
    frames: window.length,
  };
  const set = (name: string, shape: readonly number[]): Float32Array | undefined => {
    if (name.includes('.ff.') || name === 'm.proj_out.bias') {
      return new Float32Array(shape.reduce((product, size) => product * size, 1));
    }
    return name === 'm.proj_out.weight' ? identity(shape) : undefined;
  };
  return (await module(part, { set })).map((value, index) => value - x[index]!);
}

/** What follows the attentions. */
async function finished(clip: Clip, hidden: Float32Array): Promise<Float32Array> {
  const { made, collector } = weights();
  const emit = (g: GraphBuilder): Value => {
    const x = images(g);
    const net: Net = makeNet(g, new Set(), collector);
    const h = g.input('hidden', 'float32', [
      multiplyDims(dims.batch, dims.frames),
      channels,
      'height',
      'width',
    ]);
    const effect = g.input('effect', 'float32', [1, 'batch', 'frames']);
    return net.scope('m', () => {
      const rows = toTokens(net, h);
      const fed = net.scope('transformer_blocks.0', () =>
        add(g, rows, feedForward(net, norm(net, 'norm3', rows, layerNormEpsilon))),
      );
      const residual = toImages(net, dense(net, 'proj_out', fed, channels), x);
      return add(g, x, multiply(g, residual, reshape(g, effect, [x.shape[0]!, 1, 1, 1])));
    });
  };
  const { x, effect } = feedsOf(clip);
  const feeds = {
    x: x!,
    effect: effect!,
    hidden: float32Tensor(hidden, [batch * clip.frames, channels, height, width]),
  };
  return (await runGraph(feeds, emit, made)).data;
}

/** 1, 2, … up to the middle and down again, at each frame divided by what all windows weigh there. */
function mixed(windows: readonly (readonly number[])[], parts: readonly Float32Array[], frames: number) {
  const sums = new Float64Array(batch * frames * plane);
  const totals = new Float64Array(frames);
  windows.forEach((window, view) => {
    window.forEach((frame, position) => {
      const weight = Math.min(position + 1, window.length - position);
      totals[frame]! += weight;
      for (let clip = 0; clip < batch; clip++) {
        for (let i = 0; i < plane; i++) {
          const value = parts[view]![(clip * window.length + position) * plane + i]!;
          sums[(clip * frames + frame) * plane + i]! += weight * value;
        }
      }
    });
  });
  return Float32Array.from(sums, (sum, i) => sum / totals[Math.floor(i / plane) % frames]!);
}

describe.each<[string, readonly FusedOperator[]]>([
  ['portable', []],
  ['fused', ['MultiHeadAttention', 'QuickGelu', 'Gelu']],
])('a motion module of %s operators', (_, dialect) => {
  test.each([
    { frames: 1, length: 4, stride: 2 },
    { frames: 3, length: 4, stride: 4 },
    { frames: 4, length: 4, stride: 1 },
  ])('through one view of all frames is the plain one: %j', async ({ frames, ...options }) => {
    const clip = clipOf(frames);
    const views = viewFeeds(options, frames, maxFrames);
    const plain = await module(clip, { dialect });
    expect(await module(clip, { dialect, views })).toBeRelativelyCloseTo(plain, 1e-6);
  });

  test.each([
    { frames: 6, length: 4, stride: 2 },
    { frames: 7, length: 4, stride: 2 },
    { frames: 7, length: 3, stride: 1 },
    { frames: 9, length: 4, stride: 4 },
    { frames: 5, length: 1, stride: 1 },
  ])('attends in each view alone and mixes before the feed-forward: %j', async ({ frames, ...options }) => {
    const clip = clipOf(frames);
    const windows = viewWindows(frames, options.length, options.stride);
    const parts: Float32Array[] = [];
    for (const window of windows) parts.push(await attended(clip, window));
    const expected = await finished(clip, mixed(windows, parts, frames));
    const views = viewFeeds(options, frames, maxFrames);
    expect(await module(clip, { dialect, views })).toBeRelativelyCloseTo(expected, 1e-5);
  });
});

test('the reference of these tests, in one window, is the plain module', async () => {
  const clip = clipOf(4);
  const window = [0, 1, 2, 3];
  const hidden = mixed([window], [await attended(clip, window)], 4);
  expect(await finished(clip, hidden)).toBeRelativelyCloseTo(await module(clip), 1e-5);
});

import type { Dim } from '../../onnx/dim.js';
import { add } from '../../onnx/elementwise.js';
import type { Value } from '../../onnx/value.js';
import { attention, unetProjections } from './attention.js';
import { feedForward } from './feed-forward.js';
import { groupNorm } from './group-norm.js';
import { dense, norm } from './layers.js';
import type { Net } from './net.js';
import { toImages, toTokens } from './tokens.js';

/** Epsilon of the group norm before a transformer, of UNet and motion module alike; no config file names it. */
export const transformerNormEpsilon = 1e-6;

/** Epsilon of the layer norms inside a transformer; no config file names it. */
export const layerNormEpsilon = 1e-5;

/** The prompt as cross-attention sees it. */
export interface PromptContext {
  /** Rows `[contexts*tokens, width]`. */
  readonly rows: Value;
  /** Number of contexts: one a clip or one an image; the images are cut evenly among them, in order. */
  readonly contexts: Dim;
}

/** Options of {@link spatialTransformer}. */
export interface SpatialTransformerOptions {
  heads: number;
  groups: number;
  /** Transformer blocks one after the other; 1 in Stable Diffusion 1.x. */
  depth: number;
  context: PromptContext;
}

/**
 * Transformer `name` over the pixels of each image: self-attention, cross-attention to the prompt, feed-forward, each
 * with a residual (Rombach et al. 2022, section 3.3; diffusers `models/attention.py` BasicTransformerBlock).
 */
export function spatialTransformer(
  net: Net,
  name: string,
  x: Value,
  options: SpatialTransformerOptions,
): Value {
  const channels = x.shape[1] as number;
  return net.scope(name, () => {
    const normal = groupNorm(net, 'norm', x, { groups: options.groups, epsilon: transformerNormEpsilon });
    let h = dense(net, 'proj_in', toTokens(net, normal), channels, { sensitive: true });
    for (let index = 0; index < options.depth; index++) {
      h = net.scope(`transformer_blocks.${index}`, () => transformerBlock(net, h, x.shape[0]!, options));
    }
    return add(net.g, toImages(net, dense(net, 'proj_out', h, channels, { sensitive: true }), x), x);
  });
}

function transformerBlock(
  net: Net,
  x: Value,
  images: Dim,
  { heads, context }: SpatialTransformerOptions,
): Value {
  const { g } = net;
  const names = unetProjections;
  const normal1 = norm(net, 'norm1', x, layerNormEpsilon);
  const h1 = add(
    g,
    x,
    net.scope('attn1', () => attention(net, normal1, { heads, names, sequences: images })),
  );
  // Images of one context lie together, so their pixels are one long sequence of queries: the context's keys and
  // values are computed once a context and never repeated.
  const normal2 = norm(net, 'norm2', h1, layerNormEpsilon);
  const { rows, contexts } = context;
  const crossed = net.scope('attn2', () =>
    attention(net, normal2, { heads, names, context: rows, sequences: contexts }),
  );
  const h2 = add(g, h1, crossed);
  return add(g, h2, feedForward(net, norm(net, 'norm3', h2, layerNormEpsilon)));
}

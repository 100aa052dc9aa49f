import type { ModelArtifact } from '../backends/backend.js';
import { multiplyDims } from '../onnx/dim.js';
import { add, gelu, multiply } from '../onnx/elementwise.js';
import { concat, gather, reshape } from '../onnx/shape-ops.js';
import { tableRows } from '../onnx/table-rows.js';
import type { Value } from '../onnx/value.js';
import { elementBytes } from '../onnx/weight-layout.js';
import { buildArtifact, type NetworkRequest } from './artifact.js';
import type { ClipTextConfig } from './clip-text-config.js';
import { attention, type ProjectionNames } from './nn/attention.js';
import { dense, norm, swish } from './nn/layers.js';
import { asCompute, asFloat32, type Net } from './nn/net.js';

/** What {@link buildClipText} is given. */
export interface ClipTextRequest extends NetworkRequest {
  config: ClipTextConfig;
}

const projections: ProjectionNames = {
  query: 'q_proj',
  key: 'k_proj',
  value: 'v_proj',
  output: 'out_proj',
  bias: true,
};

/** `x * sigmoid(1.702 x)`, the GELU approximation that CLIP was trained with. */
const quickGeluAlpha = 1.702;

/**
 * CLIP's text encoder (Radford et al. 2021; transformers `CLIPTextModel`). Inputs: `ids` int64 `['batch', 77]`;
 * `layer` int64 `[1]`, after how many layers to stop: all of them, or fewer for clip skip; `keep` float32 `['batch', 77,
 * 1]`, 1 where an id's own embedding counts and 0 where `inserted` float32 `['batch', 77, hiddenSize]` takes its place,
 * which is zero elsewhere. Output `context` float32
 * `[batch, 77, hiddenSize]`: that layer's output, through the final norm.
 */
export function buildClipText(request: ClipTextRequest): Promise<ModelArtifact> {
  return buildArtifact('text_encoder', request, (net) =>
    net.g.output('context', emitClipText(net, request.config)),
  );
}

/** Writes the network of {@link buildClipText} and gives its output. */
export function emitClipText(net: Net, config: ClipTextConfig): Value {
  return net.scope('text_model', () => textModel(net, config));
}

function textModel(net: Net, config: ClipTextConfig): Value {
  const { g } = net;
  const { maxPositionEmbeddings: tokens, hiddenSize, vocabSize, layerNormEps } = config;
  const ids = g.input('ids', 'int64', ['batch', tokens]);
  const layer = g.input('layer', 'int64', [1]);
  const keep = g.input('keep', 'float32', ['batch', tokens, 1]);
  const inserted = g.input('inserted', 'float32', ['batch', tokens, hiddenSize]);
  const batch = ids.shape[0]!;
  const embedded = net.scope('embeddings', () => {
    const table = net.scope('token_embedding', () => tokenTable(net, vocabSize, hiddenSize));
    const positions = net.scope('position_embedding', () => net.weight('weight', [tokens, hiddenSize]));
    const rows = multiply(g, tableRows(g, table, ids), asCompute(net, keep));
    return add(g, add(g, rows, asCompute(net, inserted)), positions);
  });
  const rows = [multiplyDims(batch, tokens), hiddenSize];
  const states = [reshape(g, embedded, rows)];
  for (let index = 0; index < config.numHiddenLayers; index++) {
    states.push(net.scope(`encoder.layers.${index}`, () => encoderLayer(net, states.at(-1)!, batch, config)));
  }
  // All states are kept, so that one graph serves every clip skip: a few megabytes.
  const stacked = concat(
    g,
    states.map((state) => reshape(g, state, [1, ...rows])),
    0,
  );
  const chosen = reshape(g, gather(g, stacked, layer), [batch, tokens, hiddenSize]);
  return norm(net.island, 'final_layer_norm', asFloat32(net, chosen), layerNormEps);
}

/** What a buffer of every graphics card holds (WebGPU's default `maxStorageBufferBindingSize`). */
const bufferBytes = 128 * 2 ** 20;

/** The one weight that may be larger than that, and then comes in the fewest equal pieces that are not. */
function tokenTable(net: Net, rows: number, width: number): readonly Value[] {
  const least = Math.ceil((rows * width * elementBytes[net.type]) / bufferBytes);
  const pieces = Array.from({ length: 8 }, (_, i) => least + i).find((count) => rows % count === 0) ?? 1;
  return pieces === 1 ? [net.weight('weight', [rows, width])] : net.pieces('weight', [rows, width], pieces);
}

function encoderLayer(net: Net, x: Value, batch: Value['shape'][number], config: ClipTextConfig): Value {
  const { g } = net;
  const { numAttentionHeads: heads, layerNormEps, intermediateSize, hiddenSize } = config;
  const normal1 = norm(net, 'layer_norm1', x, layerNormEps);
  const attended = net.scope('self_attn', () =>
    attention(net, normal1, { heads, names: projections, sequences: batch, causal: true }),
  );
  const h = add(g, x, attended);
  const normal2 = norm(net, 'layer_norm2', h, layerNormEps);
  const wide = net.scope('mlp', () => {
    const hidden = dense(net, 'fc1', normal2, intermediateSize);
    return dense(
      net,
      'fc2',
      config.hiddenAct === 'gelu' ? gelu(g, hidden) : swish(net, hidden, quickGeluAlpha),
      hiddenSize,
    );
  });
  return add(g, h, wide);
}

import { float32Tensor, type Tensor } from '../../src/core/tensor.ts';
import { emitClipText } from '../../src/models/clip-text.ts';
import type { Net } from '../../src/models/nn/net.ts';
import { multiply, subtract } from '../../src/onnx/elementwise.ts';
import { linear } from '../../src/onnx/linear.ts';
import { reduce } from '../../src/onnx/reduce.ts';
import { reshape } from '../../src/onnx/shape-ops.ts';
import type { Value } from '../../src/onnx/value.ts';
import type { ClipTokenizer } from '../../src/text/clip-tokenizer.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { captionOf, type Subject, stillCaptionOf } from './captions.ts';
import { textSizes } from './network-sizes.ts';
import { newTextEncoder } from './new-networks.ts';
import { newWeights } from './new-weights.ts';
import { randomScene } from './scenes.ts';
import { type NetworkStage, trainNetwork } from './train-network.ts';
import { trainingGraph } from './training-graph.ts';
import { backgroundNames, colourNames, motions, shapes, sizeNames } from './vocabulary.ts';

/** Everything that a caption can say, in the order of the numbers that stand for it. */
const said: readonly (readonly [keyof Subject, readonly string[]])[] = [
  ['size', sizeNames],
  ['colour', colourNames],
  ['shape', shapes],
  ['background', backgroundNames],
  ['motion', motions],
];
const saidCount = said.reduce((sum, [, names]) => sum + names.length, 0);

/** Options of {@link trainTextEncoder}. */
export interface TextStage extends NetworkStage {
  readonly tokenizer: ClipTokenizer;
  /** Captions seen at once. */
  readonly captions: number;
}

/**
 * The text encoder, before the UNet as in Stable Diffusion, whose CLIP had learned to tell pictures apart: at the end of a
 * text and all places after it, what the caption says is to be read off by one linear layer, which is thrown away.
 */
export async function trainTextEncoder(stage: TextStage): Promise<ReadonlyMap<string, StartValue>> {
  const { captions, seed, tokenizer } = stage;
  const own = newTextEncoder(seed).values;
  const head = newWeights(seed + 1);
  head.linear('head', saidCount, textSizes.hiddenSize);
  const start = new Map([...own, ...head.values]);
  const trained = await trainNetwork({
    ...stage,
    name: 'text-encoder',
    start,
    artifact: await trainingGraph('text_training', start, { batch: captions }, readingLoss),
    learningRate: 3e-3,
    averageDecay: 0.98,
    feeds: (step) => textFeeds(tokenizer, seed, step, captions),
  });
  return new Map([...trained].filter(([name]) => own.has(name)));
}

function readingLoss(net: Net): Value {
  const { g } = net;
  const context = emitClipText(net, textSizes);
  const [batch, tokens, width] = context.shape as readonly number[];
  const rows = [batch! * tokens!, width!];
  const told = linear(
    g,
    reshape(g, context, rows),
    net.weight('head.weight', [saidCount, width!]),
    net.weight('head.bias', [saidCount]),
  );
  const error = subtract(g, told, g.input('said', 'float32', [rows[0]!, saidCount]));
  const counts = g.input('counts', 'float32', [rows[0]!, 1]);
  const weighed = multiply(g, multiply(g, error, error), counts);
  return reshape(g, reduce(g, 'sum', weighed, [0, 1]), [1]);
}

function textFeeds(
  tokenizer: ClipTokenizer,
  seed: number,
  step: number,
  captions: number,
): Record<string, Tensor> {
  const { maxPositionEmbeddings: tokens, hiddenSize, numHiddenLayers } = textSizes;
  const ids = new BigInt64Array(captions * tokens);
  const told = new Float32Array(captions * tokens * saidCount);
  const counts = new Float32Array(captions * tokens);
  for (let row = 0; row < captions; row++) {
    const subject = randomScene(seed + 2, step * captions + row);
    // Some tell no motion, and some nothing at all.
    const kind = row % 8;
    const text = kind === 0 ? '' : kind < 3 ? stillCaptionOf(subject) : captionOf(subject);
    const encoded = tokenizer.encodePrompt(text).ids;
    const end = encoded.indexOf(tokenizer.endId);
    const code = said.flatMap(([what, names]) =>
      names.map((name) => (kind !== 0 && (what !== 'motion' || kind >= 3) && subject[what] === name ? 1 : 0)),
    );
    for (let place = 0; place < tokens; place++) {
      const at = row * tokens + place;
      ids[at] = BigInt(encoded[place]!);
      if (place < end) continue;
      told.set(code, at * saidCount);
      counts[at] = 1 / (captions * (tokens - end));
    }
  }
  return {
    ids: { type: 'int64', shape: [captions, tokens], data: ids },
    layer: { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(numHiddenLayers)) },
    keep: float32Tensor(new Float32Array(captions * tokens).fill(1), [captions, tokens, 1]),
    inserted: float32Tensor(new Float32Array(captions * tokens * hiddenSize), [captions, tokens, hiddenSize]),
    said: float32Tensor(told, [captions * tokens, saidCount]),
    counts: float32Tensor(counts, [captions * tokens, 1]),
  };
}

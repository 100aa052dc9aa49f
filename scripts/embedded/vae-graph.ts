import type { ModelArtifact } from '../../src/backends/backend.ts';
import type { Net } from '../../src/models/nn/net.ts';
import { vaeShape } from '../../src/models/nn/vae-blocks.ts';
import { emitVaeDecoder } from '../../src/models/vae-decoder.ts';
import { emitVaeEncoder, imageInput } from '../../src/models/vae-encoder.ts';
import { add, exponential, multiply, squareRoot, subtract } from '../../src/onnx/elementwise.ts';
import { reduce } from '../../src/onnx/reduce.ts';
import { reshape } from '../../src/onnx/shape-ops.ts';
import type { Value } from '../../src/onnx/value.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { vaeSizes } from './network-sizes.ts';
import { pictureSize } from './scenes.ts';
import { trainingGraph } from './training-graph.ts';

/** How much staying close to a normal distribution counts beside the picture (Rombach et al. 2022: slightly). */
const klShare = 2e-4;

/**
 * Encoder, draw and decoder with the loss of their pictures. Inputs besides the weights: `image` and `draw`, normal numbers
 * in the shape of the latents.
 */
export function vaeTrainingGraph(
  start: ReadonlyMap<string, StartValue>,
  images: number,
): Promise<ModelArtifact> {
  const sizes = { images, height: pictureSize, width: pictureSize };
  return trainingGraph('vae_training', start, sizes, vaeLoss);
}

function vaeLoss(net: Net): Value {
  const { g } = net;
  const shape = vaeShape(net, vaeSizes, false);
  const image = imageInput(net, shape);
  const { mean, logvar } = emitVaeEncoder(net, shape, image);
  const draw = g.input('draw', 'float32', mean.shape);
  const deviation = exponential(g, multiply(g, logvar, scalar(net, 0.5)));
  const latents = add(g, mean, multiply(g, deviation, draw));
  const error = subtract(g, emitVaeDecoder(net, shape, latents), image);
  const squares = multiply(g, error, error);
  // Squares find colours soon, absolute errors make edges sharp.
  const absolute = average(net, squareRoot(g, add(g, squares, scalar(net, 1e-3))));
  const picture = add(
    g,
    multiply(g, average(net, squares), scalar(net, 4)),
    multiply(g, absolute, scalar(net, 0.3)),
  );
  const spread = subtract(g, add(g, multiply(g, mean, mean), multiply(g, deviation, deviation)), logvar);
  return add(g, picture, multiply(g, average(net, spread), scalar(net, klShare)));
}

function scalar({ g }: Net, value: number): Value {
  return g.constant(Float32Array.of(value), [1], 'float32');
}

function average({ g }: Net, x: Value): Value {
  return reshape(g, reduce(g, 'mean', x, [0, 1, 2, 3]), [1]);
}

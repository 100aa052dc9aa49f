import type { ModelArtifact } from '../backends/backend.js';
import { buildArtifact } from '../models/artifact.js';
import type { Net } from '../models/nn/net.js';
import { emitUnet } from '../models/unet.js';
import type { UnetRequest } from '../models/unet-layers.js';
import { multiply, subtract } from '../onnx/elementwise.js';
import { reduce } from '../onnx/reduce.js';
import { reshape } from '../onnx/shape-ops.js';
import type { Value } from '../onnx/value.js';
import { gradientOutputs } from './gradient-outputs.js';

/** What {@link buildTrainingUnet} is given. */
export interface TrainingUnetRequest extends Omit<UnetRequest, 'dialect' | 'precision' | 'quantization'> {
  /** Names of the inputs by which gradients are wanted: weights that are `fed`, matrices of `live` changes. */
  readonly trained: readonly string[];
  /** Whether blocks are computed again on the way back, which takes more time; default false. */
  readonly recompute?: boolean | undefined;
}

/**
 * The UNet of `buildUnet` with its loss and the loss's gradients, in float32 and ONNX's own operators: it runs wherever
 * the network does. Sizes may stay free at run time, but should be given: see `NetworkRequest.sizes`. Inputs besides the
 * network's:
 *
 * - `target` float32 in the sample's shape: what the network should have predicted;
 * - `loss_weight` float32 `['batch']`: what each clip counts.
 *
 * Outputs: `loss` float32 `[1]`, the mean over all elements of the squared error times its clip's weight, and for each
 * trained input a gradient in its shape, see `gradientName`.
 * @throws `weights-mismatch` as every network; `invalid-options` for a trained input that is not there.
 */
export async function buildTrainingUnet({
  trained,
  recompute = false,
  ...request
}: TrainingUnetRequest): Promise<ModelArtifact> {
  const plain: UnetRequest = { ...request, dialect: new Set() };
  const artifact = await buildArtifact('unet_training', plain, (net) => {
    const loss = weightedError(net, emitUnet(net, plain));
    gradientOutputs(net.g, loss, trained, { blockOf: unetBlockOf, recompute });
  });
  // From the second step on a plan would take nearly as much memory again as the first step did.
  return { ...artifact, plansMemory: false };
}

function weightedError({ g }: Net, prediction: Value): Value {
  const target = g.input('target', 'float32', prediction.shape);
  const batch = prediction.shape[0]!;
  const weights = reshape(g, g.input('loss_weight', 'float32', [batch]), [batch, 1, 1, 1, 1]);
  const error = subtract(g, prediction, target);
  const weighed = multiply(g, multiply(g, error, error), weights);
  return reshape(g, reduce(g, 'mean', weighed, [0, 1, 2, 3, 4]), [1]);
}

/** The residual block, transformer or motion module that a layer is in. */
function unetBlockOf(path: string): string | undefined {
  return /^(?:(?:down|up)_blocks\.\d+|mid_block)\.(?:resnets|attentions|motion_modules)\.\d+/.exec(path)?.[0];
}

import { elementCount, float32Tensor, type Tensor } from '../../src/core/tensor.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { trainingRandom } from '../../src/training/training-random.ts';
import { vaeSizes } from './network-sizes.ts';
import { newVae } from './new-networks.ts';
import { clipLength, pictureSize, randomScene, renderFrame } from './scenes.ts';
import { stockLook } from './stock-look.ts';
import { straighten } from './straight-vae.ts';
import { type NetworkStage, trainNetwork } from './train-network.ts';
import { vaeTrainingGraph } from './vae-graph.ts';

/** Options of {@link trainVae}; tests make it small. */
export interface VaeStage extends NetworkStage {
  /** Pictures seen at once. */
  readonly images: number;
}

/** The autoencoder, on frames of scenes as they are and with the stock clips' look. */
export async function trainVae(stage: VaeStage): Promise<ReadonlyMap<string, StartValue>> {
  const start = newVae(stage.seed).values;
  straighten(start);
  return trainNetwork({
    ...stage,
    name: 'vae',
    start,
    artifact: await vaeTrainingGraph(start, stage.images),
    learningRate: 3e-3,
    averageDecay: 0.98,
    feeds: (step) => pictures(stage, step),
  });
}

function pictures({ images, seed }: VaeStage, step: number): Record<string, Tensor> {
  const plane = pictureSize ** 2;
  const data = new Float32Array(images * 3 * plane);
  for (let place = 0; place < images; place++) {
    const number = step * images + place;
    const random = trainingRandom(seed, 'example', 11, number);
    const clean = renderFrame(randomScene(seed, number), random.below(clipLength));
    const frame = random.uniform() < 0.25 ? stockLook(clean) : clean;
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 3; c++) data[(place * 3 + c) * plane + i] = frame.data[i * 4 + c]! / 127.5 - 1;
    }
  }
  const side = pictureSize / 2 ** (vaeSizes.blockOutChannels.length - 1);
  const shape = [images, vaeSizes.latentChannels, side, side];
  return {
    image: float32Tensor(data, [images, 3, pictureSize, pictureSize]),
    draw: float32Tensor(trainingRandom(seed, 'example', 12, step).normal(elementCount(shape)), shape),
  };
}

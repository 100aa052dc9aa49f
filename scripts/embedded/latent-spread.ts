import type { Backend } from '../../src/backends/backend.ts';
import { asFloat32 } from '../../src/core/tensor.ts';
import { buildVaeEncoder } from '../../src/models/vae-encoder.ts';
import { pixelsOf } from '../../src/pipeline/encode-video.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { vaeSizes } from './network-sizes.ts';
import { clipLength, randomScene, renderFrame } from './scenes.ts';
import { startWeights } from './training-graph.ts';

/** Standard deviation of a VAE's latents over frames of scenes; one over it is the scaling factor. */
export async function latentSpread(
  backend: Backend,
  vae: ReadonlyMap<string, StartValue>,
  seed: number,
  frames = 96,
): Promise<number> {
  const session = await backend.createSession(
    await buildVaeEncoder({
      weights: startWeights('vae', vae),
      config: vaeSizes,
      dialect: (await backend.capabilities()).dialect,
    }),
    {},
  );
  let [sum, squares, count] = [0, 0, 0];
  try {
    for (let index = 0; index < frames; index++) {
      const frame = renderFrame(randomScene(seed + 1, index), index % clipLength);
      const outputs = await session.run({ image: pixelsOf(frame) }, {});
      for (const value of asFloat32(outputs['mean'], 'mean').data) {
        sum += value;
        squares += value * value;
        count += 1;
      }
    }
  } finally {
    await session.dispose();
  }
  return Math.sqrt(squares / count - (sum / count) ** 2);
}

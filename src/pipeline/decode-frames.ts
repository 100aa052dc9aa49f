import type { Float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import type { Frame } from '../media/frame.js';
import type { PipelineComponents } from './components.js';
import type { PipelineEvent } from './events.js';
import { frameOfPixels, imagePixels } from './frame-image.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { latentFrame } from './latents.js';
import type { Networks } from './networks.js';
import { runCount } from './tiled-run.js';
import { vaeTiles } from './vae-tiling.js';
import { withProgress } from './with-progress.js';

/** Latents `[1, 4, frames, h, w]` to pictures, one after the other. */
export async function* decodeFrames(
  { components, networks }: { readonly components: PipelineComponents; readonly networks: Networks },
  latents: Float32Tensor,
  { signal, vaeTiling }: Pick<ResolvedGenerateOptions, 'signal' | 'vaeTiling'>,
): AsyncGenerator<PipelineEvent, Frame[], undefined> {
  const { vae } = components;
  const [, , count = 0, height = 0, width = 0] = latents.shape;
  const plan = vaeTiles(height, width, vae.latentScale, vaeTiling);
  const network = plan ? 'vae_decoder_tiles' : 'vae_decoder';
  const { done } = yield* withProgress((onProgress) => networks.hold(network, { signal, onProgress }));
  try {
    // A large frame is many runs: the second one tells already how long all will take.
    const clock = timeLeft(count * (plan ? runCount(plan) : 1));
    let secondsLeft: number | undefined;
    const onRun = (): void => {
      secondsLeft = clock.stepDone();
    };
    const frames: Frame[] = [];
    for (let frame = 0; frame < count; frame++) {
      signal?.throwIfAborted();
      const scaled = latentFrame(latents, frame, 1 / vae.scalingFactor);
      const pixels = imagePixels(await vae.decode(scaled, { signal, tiling: vaeTiling, onRun }));
      const image = frameOfPixels(pixels);
      frames.push(image);
      yield { type: 'frame-decoded', frame, frames: count, image, pixels, secondsLeft };
    }
    return frames;
  } finally {
    await done();
  }
}

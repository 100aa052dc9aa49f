import type { Float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import type { Frame } from '../media/frame.js';
import type { PipelineComponents } from './components.js';
import type { PipelineEvent } from './events.js';
import { frameOfPixels, imagePixels } from './frame-image.js';
import { latentFrame } from './latents.js';
import type { Networks } from './networks.js';
import { withProgress } from './with-progress.js';

/** Latents `[1, 4, frames, h, w]` to pictures, one after the other. */
export async function* decodeFrames(
  { components, networks }: { readonly components: PipelineComponents; readonly networks: Networks },
  latents: Float32Tensor,
  signal: AbortSignal | undefined,
): AsyncGenerator<PipelineEvent, Frame[], undefined> {
  const count = latents.shape[2]!;
  const { done } = yield* withProgress((onProgress) => networks.hold('vae_decoder', { signal, onProgress }));
  try {
    const clock = timeLeft(count);
    const frames: Frame[] = [];
    for (let frame = 0; frame < count; frame++) {
      signal?.throwIfAborted();
      const scaled = latentFrame(latents, frame, 1 / components.vae.scalingFactor);
      const pixels = imagePixels(await components.vae.decode(scaled, { signal }));
      const image = frameOfPixels(pixels);
      frames.push(image);
      yield { type: 'frame-decoded', frame, frames: count, image, pixels, secondsLeft: clock.stepDone() };
    }
    return frames;
  } finally {
    await done();
  }
}

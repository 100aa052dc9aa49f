import type { Float32Tensor } from '../core/tensor.js';
import { timeLeft } from '../core/time-left.js';
import type { Frame } from '../media/frame.js';
import type { PipelineComponents } from './components.js';
import type { PipelineEvent, PipelineEventOf } from './events.js';
import { frameOfPixels, imagePixels } from './frame-image.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { heldNetworks } from './held-networks.js';
import { latentFrame } from './latents.js';
import type { Networks } from './networks.js';
import { progressReports } from './progress-reports.js';
import { runCount } from './tiled-run.js';
import type { Vae, VaeOptions } from './vae.js';
import { vaeNetwork, vaeTiles } from './vae-tiling.js';

/** Latents `[1, 4, frames, h, w]` to pictures, one after the other. */
export async function* decodeFrames(
  { components, networks }: { readonly components: PipelineComponents; readonly networks: Networks },
  latents: Float32Tensor,
  { signal, vaeTiling }: Pick<ResolvedGenerateOptions, 'signal' | 'vaeTiling'>,
): AsyncGenerator<PipelineEvent, Frame[], undefined> {
  const { vae } = components;
  const [, , count = 0, height = 0, width = 0] = latents.shape;
  const plan = vaeTiles(height, width, vae.latentScale, vaeTiling);
  const reports = progressReports();
  const letGo = yield* heldNetworks(networks, [vaeNetwork('vae_decoder', plan)], { signal }, reports);
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
      const { image, pixels } = yield* reports.during(() =>
        decodedFrame(vae, latents, frame, { signal, tiling: vaeTiling, onRun }),
      );
      frames.push(image);
      yield { type: 'frame-decoded', frame, frames: count, image, pixels, secondsLeft };
    }
    return frames;
  } finally {
    await letGo();
  }
}

/** The picture of one frame of latents `[1, 4, frames, h, w]`. */
export async function decodedFrame(
  vae: Vae,
  latents: Float32Tensor,
  frame: number,
  options: VaeOptions,
): Promise<Pick<PipelineEventOf<'frame-decoded'>, 'image' | 'pixels'>> {
  const unscaled = latentFrame(latents, frame, 1 / vae.scalingFactor);
  const pixels = imagePixels(await vae.decode(unscaled, options));
  return { image: frameOfPixels(pixels), pixels };
}

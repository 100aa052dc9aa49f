import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';
import type { PipelineComponents } from './components.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import { heldNetworks } from './held-networks.js';
import type { Networks } from './networks.js';
import { progressReports } from './progress-reports.js';
import { vaeNetwork, vaeTiles } from './vae-tiling.js';

/** Pictures to latents `[1, 4, frames, h, w]`, scaled as the UNet sees them: the mean of what the VAE's encoder says. */
export async function* encodeVideo(
  { components, networks }: { readonly components: PipelineComponents; readonly networks: Networks },
  frames: readonly Frame[],
  { signal, vaeTiling }: Pick<ResolvedGenerateOptions, 'signal' | 'vaeTiling'>,
): AsyncGenerator<PipelineEvent, Float32Tensor, undefined> {
  const { vae } = components;
  const { height, width } = frames[0]!;
  const plan = vaeTiles(height / vae.latentScale, width / vae.latentScale, vae.latentScale, vaeTiling);
  const reports = progressReports();
  const letGo = yield* heldNetworks(networks, [vaeNetwork('vae_encoder', plan)], { signal }, reports);
  try {
    let clip: { data: Float32Array; shape: number[] } | undefined;
    for (const [index, frame] of frames.entries()) {
      signal?.throwIfAborted();
      const { mean } = yield* reports.during(() =>
        vae.encode(pixelsOf(frame), { signal, tiling: vaeTiling }),
      );
      const [, channels = 0, height = 0, width = 0] = mean.shape;
      clip ??= {
        data: new Float32Array(channels * frames.length * height * width),
        shape: [1, channels, frames.length, height, width],
      };
      const pixels = height * width;
      for (let channel = 0; channel < channels; channel++) {
        const from = channel * pixels;
        const scaled = mean.data.subarray(from, from + pixels).map((value) => value * vae.scalingFactor);
        clip.data.set(scaled, (channel * frames.length + index) * pixels);
      }
    }
    return float32Tensor(clip!.data, clip!.shape);
  } finally {
    await letGo();
  }
}

/** An RGBA picture as `[1, 3, height, width]` in −1 to 1; what is transparent becomes black. */
export function pixelsOf({ data, width, height }: Frame): Float32Tensor {
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    const opacity = data[4 * i + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      out[channel * plane + i] = (2 * opacity * data[4 * i + channel]!) / 255 - 1;
    }
  }
  return float32Tensor(out, [1, 3, height, width]);
}

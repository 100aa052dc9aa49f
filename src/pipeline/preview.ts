import type { Float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';
import { decodedFrame } from './decode-frames.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationParts } from './generation-parts.js';
import { heldNetworks } from './held-networks.js';
import type { Residency } from './load-options.js';
import {
  colouredFrames,
  fitLatentColors,
  type LatentColors,
  latentPatches,
  usualLatentColors,
} from './preview-colors.js';
import { progressReports } from './progress-reports.js';
import { vaeNetwork, vaeTiles } from './vae-tiling.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;
type Parts = Pick<GenerationParts, 'components' | 'networks' | 'previewMemory'>;

/** Pictures of the clean latents that a step predicts; `undefined` at steps without a preview. */
export type Previews = (denoised: Float32Tensor, step: number) => Events<readonly Frame[] | undefined>;

/** What a pipeline keeps of previews. */
export interface PreviewMemory {
  /** The VAE's colours as last seen. */
  colors?: LatentColors | undefined;
}

/**
 * Shares of the steps from which on colours are fitted anew. What latents look like changes over the steps, and a VAE is
 * linear only nearby: with a small trained model, previews are 4 dB nearer to the decoded frames than after one fit.
 * With `unet` the decoder has to be loaded for each; with `one` it would take memory that is not there.
 */
const fits: Readonly<Record<Residency, readonly number[]>> = {
  all: [0, 0.2, 0.5, 0.8],
  unet: [0, 0.5],
  one: [],
};

/** Makes the previews of one pass through `steps` steps. */
export function previews(parts: Parts, options: ResolvedGenerateOptions, steps: number): Previews {
  const { preview, previewEvery = 1 } = options;
  const shares = fits[parts.networks.residency];
  let fitted = 0;
  return async function* (denoised, step) {
    if ((step + 1) % previewEvery !== 0 && step + 1 < steps) return undefined;
    if (preview === 'vae') return yield* decoded(parts, denoised, options);
    const due = shares.filter((share) => step >= share * steps).length;
    if (due > fitted) {
      fitted = due;
      const patches = latentPatches(denoised);
      learnColors(parts, patches, yield* decoded(parts, patches, { ...options, vaeTiling: false }));
    }
    return colouredFrames(denoised, colorsOf(parts, denoised));
  };
}

/** Keeps the colours that a VAE gave to latents `[1, channels, frames, height, width]`. */
export function learnColors(parts: Parts, latents: Float32Tensor, frames: readonly Frame[]): void {
  parts.previewMemory.colors = fitLatentColors(latents, frames, colorsOf(parts, latents));
}

function colorsOf({ previewMemory }: Parts, { shape }: Float32Tensor): LatentColors {
  return previewMemory.colors ?? usualLatentColors(shape[1] ?? 0);
}

async function* decoded(
  { components: { vae }, networks }: Parts,
  latents: Float32Tensor,
  { signal, vaeTiling }: Pick<ResolvedGenerateOptions, 'signal' | 'vaeTiling'>,
): Events<Frame[]> {
  const [, , count = 0, height = 0, width = 0] = latents.shape;
  const network = vaeNetwork('vae_decoder', vaeTiles(height, width, vae.latentScale, vaeTiling));
  const reports = progressReports();
  const letGo = yield* heldNetworks(networks, [network], { signal }, reports);
  try {
    const frames: Frame[] = [];
    for (let frame = 0; frame < count; frame++) {
      signal?.throwIfAborted();
      const picture = yield* reports.during(() =>
        decodedFrame(vae, latents, frame, { signal, tiling: vaeTiling }),
      );
      frames.push(picture.image);
    }
    return frames;
  } finally {
    await letGo();
  }
}

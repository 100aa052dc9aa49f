import { sha256Hex } from '../core/byte-source-digest.js';
import { elementCount, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { pixelsOf } from '../pipeline/encode-video.js';
import type { Vae } from '../pipeline/vae.js';
import type { TrainingClip } from './clip.js';
import type { LatentCache } from './latent-cache.js';

/** What {@link encodeClips} needs. */
export interface EncodeRequest {
  readonly vae: Vae;
  /** Changes when the VAE's weights do; `undefined` when that cannot be told, and nothing is kept. */
  readonly identity: string | undefined;
  readonly cache: LatentCache | undefined;
  readonly signal: AbortSignal | undefined;
  /** Told after each clip. */
  readonly onClip: (index: number, cached: boolean) => Promise<void>;
}

/**
 * Clips as the UNet sees them: latents `[4, frames, height/8, width/8]`, the mean of what the VAE's encoder says times its
 * scaling factor.
 */
export async function encodeClips(
  clips: readonly TrainingClip[],
  { vae, identity, cache, signal, onClip }: EncodeRequest,
): Promise<Float32Tensor[]> {
  const encoded: Float32Tensor[] = [];
  for (const [index, clip] of clips.entries()) {
    const key = identity && cache && (await keyOf(clip, identity));
    const kept = key ? await cache?.get(key) : undefined;
    const known = kept && latentsOf(kept, clip, vae);
    const latents = known ?? (await encodeClip(clip, vae, signal));
    if (key && known === undefined) await cache?.put(key, new Uint8Array(latents.data.slice().buffer));
    encoded.push(latents);
    await onClip(index, known !== undefined);
  }
  return encoded;
}

/** Bytes of a cache as latents; `undefined` when they cannot be this clip's. */
function latentsOf(
  bytes: Uint8Array,
  { frames }: TrainingClip,
  { latentScale }: Vae,
): Float32Tensor | undefined {
  const { width, height } = frames[0]!;
  const shape = [frames.length, height / latentScale, width / latentScale];
  const channels = bytes.byteLength / 4 / elementCount(shape);
  if (!Number.isInteger(channels) || channels < 1) return undefined;
  const data = new Float32Array(bytes.slice().buffer);
  return data.every(Number.isFinite) ? float32Tensor(data, [channels, ...shape]) : undefined;
}

async function encodeClip({ frames }: TrainingClip, vae: Vae, signal?: AbortSignal): Promise<Float32Tensor> {
  let latents: Float32Tensor | undefined;
  for (const [index, frame] of frames.entries()) {
    signal?.throwIfAborted();
    const { mean } = await vae.encode(pixelsOf(frame), { signal });
    const [, channels = 0, height = 0, width = 0] = mean.shape;
    const shape = [channels, frames.length, height, width];
    latents ??= float32Tensor(new Float32Array(elementCount(shape)), shape);
    const plane = height * width;
    for (let channel = 0; channel < channels; channel++) {
      const from = mean.data.subarray(channel * plane, (channel + 1) * plane);
      latents.data.set(
        from.map((value) => value * vae.scalingFactor),
        (channel * frames.length + index) * plane,
      );
    }
  }
  return latents!;
}

async function keyOf({ frames }: TrainingClip, identity: string): Promise<string | undefined> {
  const { width, height } = frames[0]!;
  const head = new TextEncoder().encode(`${identity}|${frames.length}x${height}x${width}|`);
  const bytes = new Uint8Array(head.length + frames.length * width * height * 4);
  bytes.set(head);
  for (const [index, { data }] of frames.entries()) bytes.set(data, head.length + index * data.length);
  return sha256Hex(bytes);
}

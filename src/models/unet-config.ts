/** Shape of an image UNet of the Stable Diffusion 1.x family. Names follow diffusers `unet/config.json`. */
export interface UnetConfig {
  /** Channels of the latents that go in and of the noise that comes out. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of each level, from the finest; SD 1.5: 320, 640, 1280, 1280. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks a level on the way down; the way up has one more. */
  readonly layersPerBlock: number;
  /** Which levels have spatial transformers, from the finest; SD 1.5: all but the last. */
  readonly levelHasAttention: readonly boolean[];
  /** Attention heads of each level; SD 1.5: 8 everywhere. */
  readonly attentionHeads: readonly number[];
  /** Transformer blocks a spatial transformer. */
  readonly transformerDepth: number;
  /** Width of the text encoder's output. */
  readonly crossAttentionDim: number;
  readonly normNumGroups: number;
  /** Epsilon of the residual blocks' norms and of the last one. */
  readonly normEps: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** What is known of a motion module that is to be injected. */
export interface MotionConfig {
  /** Number of frame positions; no clip may be longer. */
  readonly maxFrames: number;
  readonly attentionHeads: number;
  readonly normNumGroups: number;
}

/**
 * Where group norms of an animation UNet take their statistics. The weights were trained with `original`; `diffusers`
 * is what that library computes.
 *
 * | | motion module | residual blocks and last norm |
 * | --- | --- | --- |
 * | `original`, module v1 | each frame | all frames |
 * | `original`, other modules | each frame | each frame |
 * | `diffusers` | all frames | each frame |
 */
export type MotionGroupNorm = 'original' | 'diffusers';

import { textSizes, unetSizes, vaeSizes } from './network-sizes.ts';
import { pictureSize } from './scenes.ts';

/** `config.json` of the VAE, in diffusers' terms. */
export function vaeJson(scalingFactor: number): object {
  const each = (name: string): string[] => vaeSizes.blockOutChannels.map(() => name);
  return {
    _class_name: 'AutoencoderKL',
    in_channels: 3,
    out_channels: 3,
    down_block_types: each('DownEncoderBlock2D'),
    up_block_types: each('UpDecoderBlock2D'),
    block_out_channels: vaeSizes.blockOutChannels,
    layers_per_block: vaeSizes.layersPerBlock,
    act_fn: 'silu',
    latent_channels: vaeSizes.latentChannels,
    norm_num_groups: vaeSizes.normNumGroups,
    sample_size: pictureSize,
    scaling_factor: scalingFactor,
  };
}

/** `config.json` of the text encoder, in transformers' terms. */
export function textJson(): object {
  return {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: textSizes.vocabSize,
    hidden_size: textSizes.hiddenSize,
    intermediate_size: textSizes.intermediateSize,
    num_hidden_layers: textSizes.numHiddenLayers,
    num_attention_heads: textSizes.numAttentionHeads,
    max_position_embeddings: textSizes.maxPositionEmbeddings,
    hidden_act: textSizes.hiddenAct,
    layer_norm_eps: textSizes.layerNormEps,
    projection_dim: textSizes.hiddenSize,
  };
}

/** `config.json` of the UNet, in diffusers' terms. */
export function unetJson(): object {
  const { channels, layers, context, heads, groups } = unetSizes;
  return {
    _class_name: 'UNet2DConditionModel',
    sample_size: pictureSize / 2 ** (vaeSizes.blockOutChannels.length - 1),
    in_channels: vaeSizes.latentChannels,
    out_channels: vaeSizes.latentChannels,
    center_input_sample: false,
    flip_sin_to_cos: true,
    freq_shift: 0,
    down_block_types: channels.map(() => 'CrossAttnDownBlock2D'),
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: channels.map(() => 'CrossAttnUpBlock2D'),
    block_out_channels: channels,
    layers_per_block: layers,
    downsample_padding: 1,
    mid_block_scale_factor: 1,
    act_fn: 'silu',
    norm_num_groups: groups,
    norm_eps: 1e-5,
    cross_attention_dim: context,
    attention_head_dim: heads,
  };
}

/** `scheduler_config.json`: AnimateDiff's linear betas. */
export const schedulerJson = {
  _class_name: 'DDIMScheduler',
  beta_schedule: 'linear',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  clip_sample: false,
  steps_offset: 1,
};

/** `model_index.json`. */
export const indexJson = {
  _class_name: 'StableDiffusionPipeline',
  scheduler: ['diffusers', 'DDIMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

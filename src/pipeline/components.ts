import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import type { ActiveAdapters } from './active-adapters.js';
import type { Networks } from './networks.js';
import type { OpenedModel } from './opened-model.js';
import { type TextEncoder, textEncoder } from './text-encoder.js';
import { type Unet, unet } from './unet.js';
import { type Vae, vae } from './vae.js';

/** The parts of a pipeline, for loops of one's own. */
export interface PipelineComponents {
  /** Prompts to token ids. */
  readonly tokenizer: ClipTokenizer;
  /** Token ids to embeddings. */
  readonly textEncoder: TextEncoder;
  /** Noisy latents to noise. */
  readonly unet: Unet;
  /** Latents to images and back. */
  readonly vae: Vae;
}

/** Puts the parts together over the networks. */
export function pipelineComponents(
  model: OpenedModel,
  nets: Networks,
  tokenizer: ClipTokenizer,
  adapters: ActiveAdapters,
): PipelineComponents {
  return {
    tokenizer,
    textEncoder: textEncoder(model, nets, tokenizer, adapters),
    unet: unet(model, nets, adapters),
    vae: vae(model.vae.config, nets),
  };
}

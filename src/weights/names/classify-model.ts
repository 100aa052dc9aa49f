import {
  type BaseModel,
  baseModelByContext,
  baseModelNames,
  type FileNaming,
  type Verdict,
} from './file-kind.js';
import type { KeyView } from './key-view.js';
import { type LocatedPart, locateTextEncoder, locateUnet, locateVae } from './locate.js';

/** Other families and other video models, told by names that Stable Diffusion 1.x never has. */
const foreignModels: readonly {
  readonly marks: RegExp;
  readonly baseModel: BaseModel;
  readonly what: string;
}[] = [
  { marks: /(^|\.)double_blocks\.\d/, baseModel: 'flux', what: 'a Flux model' },
  { marks: /(^|\.)single_transformer_blocks\.\d/, baseModel: 'flux', what: 'a Flux model' },
  { marks: /(^|\.)joint_blocks\.\d/, baseModel: 'sd3', what: 'a Stable Diffusion 3 model' },
  {
    marks: /\.(time_stack|temporal_transformer_blocks)\./,
    baseModel: 'unknown',
    what: 'a Stable Video Diffusion model',
  },
  {
    marks: /\.?(temp_convs|temp_attentions|temopral_conv)\./,
    baseModel: 'unknown',
    what: 'another text-to-video model',
  },
];

/** Whole models and image UNets. */
export function classifyCheckpoint(file: KeyView): Verdict | undefined {
  const foreign = foreignModels.find(({ marks }) => file.matches(marks));
  if (foreign) return refused('other-diffusion', 'unknown', foreign.baseModel, foreign.what);
  const unet = locateUnet(file.names);
  const naming = unet ? unetNaming(unet) : 'ldm';
  if (file.matches(/^conditioner\.embedders\.|(^|\.)label_emb\.|(^|\.)add_embedding\./)) {
    return refused('sdxl-checkpoint', naming, 'sdxl', 'a Stable Diffusion XL model');
  }
  if (!unet) return undefined;
  const baseModel = unetBaseModel(file, unet.prefix);
  if (baseModel === 'sd2') return refused('sd2-checkpoint', naming, 'sd2', 'a Stable Diffusion 2.x model');
  if (baseModel === 'sdxl') return refused('sdxl-checkpoint', naming, 'sdxl', 'a Stable Diffusion XL model');
  return unusualInput(file, unet, naming) ?? cutDown(file, unet, naming) ?? usable(file, naming);
}

/** A VAE alone. */
export function classifyVae(file: KeyView): Verdict | undefined {
  const vae = locateVae(file.names);
  if (!vae) return undefined;
  const channels = file.entries.get(`${vae.prefix}decoder.conv_in.weight`)?.shape[1];
  const naming = vae.naming === 'ldm' ? 'ldm' : 'diffusers';
  if (channels !== 4) {
    const what = `a VAE with ${channels ?? 'unknown'} latent channels, where Stable Diffusion 1.x has 4`;
    return refused('vae', naming, 'unknown', what);
  }
  if (!vae.layout) return refused('vae', naming, 'unknown', 'a VAE of unusual structure');
  return { kind: 'vae', naming, baseModel: 'sd1', roles: ['vae'], what: 'a VAE' };
}

/** A CLIP text encoder alone. */
export function classifyTextEncoder(file: KeyView): Verdict | undefined {
  const found = locateTextEncoder(file.names);
  if (!found) return undefined;
  const width = file.entries.get(`${found.prefix}embeddings.token_embedding.weight`)?.shape[1];
  // The second encoder of Stable Diffusion XL is 1280 wide; it has no other use.
  const baseModel = width === 1280 ? 'sdxl' : width === 1024 ? 'sd2' : 'sd1';
  return refused(
    'text-encoder',
    'transformers',
    baseModel,
    `a text encoder for ${baseModelNames[baseModel]}`,
  );
}

function usable(file: KeyView, naming: FileNaming): Verdict {
  const hasVae = locateVae(file.names) !== undefined;
  if (!hasVae && !locateTextEncoder(file.names)) {
    const what = 'an image UNet of Stable Diffusion 1.x';
    return { kind: 'unet', naming, baseModel: 'sd1', roles: ['checkpoint'], what };
  }
  const roles = hasVae ? (['checkpoint', 'vae'] as const) : (['checkpoint'] as const);
  return { kind: 'checkpoint', naming, baseModel: 'sd1', roles, what: 'a Stable Diffusion 1.x checkpoint' };
}

function unusualInput(file: KeyView, unet: LocatedPart<unknown>, naming: FileNaming): Verdict | undefined {
  const channels = file.entries.get(unet.prefix + firstConvolution(unet))?.shape[1];
  if (channels === 4) return undefined;
  if (channels === 9) {
    const what = 'an inpainting model, whose UNet takes a mask and a masked image too';
    return refused('inpainting-checkpoint', naming, 'sd1', what);
  }
  const what =
    channels === 8
      ? 'an InstructPix2Pix model, whose UNet takes an image too'
      : `a UNet with ${channels ?? 'unknown'} input channels, where Stable Diffusion 1.x has 4`;
  return refused('other-diffusion', naming, 'unknown', what);
}

/** Distilled models such as small-sd and BK-SDM lack layers that motion modules stand behind. */
function cutDown(
  file: KeyView,
  unet: LocatedPart<{ layers: number }>,
  naming: FileNaming,
): Verdict | undefined {
  const middle = unet.naming === 'ldm' ? 'middle_block.1.norm.weight' : 'mid_block.attentions.0.norm.weight';
  const width = file.entries.get(unet.prefix + firstConvolution(unet))?.shape[0];
  const halved = unet.layout?.layers === 1 && width === 320;
  if (unet.layout && !halved && file.names.has(unet.prefix + middle)) return undefined;
  const what = 'a Stable Diffusion model with layers cut out (small-sd, BK-SDM), which fits no motion module';
  return refused('other-diffusion', naming, 'unknown', what);
}

function unetBaseModel(file: KeyView, prefix: string): BaseModel {
  if (file.starts('cond_stage_model.model.')) return 'sd2';
  const key = [...file.names].find((name) => name.startsWith(prefix) && name.endsWith('attn2.to_k.weight'));
  return baseModelByContext(key === undefined ? undefined : file.entries.get(key)?.shape[1]);
}

function firstConvolution(unet: LocatedPart<unknown>): string {
  return unet.naming === 'ldm' ? 'input_blocks.0.0.weight' : 'conv_in.weight';
}

function unetNaming(unet: LocatedPart<unknown>): FileNaming {
  return unet.naming === 'ldm' ? 'ldm' : 'diffusers';
}

function refused(kind: Verdict['kind'], naming: FileNaming, baseModel: BaseModel, what: string): Verdict {
  return { kind, naming, baseModel, roles: [], what };
}

import { loraNaming } from './classify-motion.js';
import { type BaseModel, baseModelByContext, baseModelNames, type Verdict } from './file-kind.js';
import type { KeyView } from './key-view.js';

const adapterEnding =
  /(lora_down\.weight|lora_up\.weight|lora_A(\.[^.]+)?\.weight|lora\.down\.weight|\.hada_w1_a|\.lokr_w1(_a)?|\.dora_scale|\.oft_blocks|\.diff|\.a1\.weight)$/;

/** ControlNet and its relatives. */
export function classifyControlNet(file: KeyView): Verdict | undefined {
  const marks = ['control_model.', 'controlnet_cond_embedding.', 'input_hint_block.', 'lora_controlnet'];
  if (!file.starts(...marks)) return undefined;
  return {
    kind: 'controlnet',
    naming: file.starts('controlnet_cond_embedding.') ? 'diffusers' : 'ldm',
    baseModel: baseModelByContext(file.shapeOf(/attn2\.to_k\.weight$/)?.[1]),
    roles: [],
    what: 'a ControlNet, which this library does not run',
  };
}

/** IP-Adapter. */
export function classifyIpAdapter(file: KeyView): Verdict | undefined {
  if (!file.starts('image_proj') || !file.starts('ip_adapter')) return undefined;
  return {
    kind: 'ip-adapter',
    naming: 'original',
    baseModel: baseModelByContext(file.shapeOf(/to_k_ip\.weight$/)?.[1]),
    roles: [],
    what: 'an IP-Adapter, which this library does not run',
  };
}

/** LoRA and its relatives on the image UNet and the text encoder. */
export function classifyAdapter(file: KeyView): Verdict | undefined {
  if (!file.matches(adapterEnding)) return undefined;
  const baseModel = loraBaseModel(file);
  const roles = baseModel === 'sd1' || baseModel === 'unknown' ? (['adapters'] as const) : [];
  if (isDomainAdapter(file)) {
    return {
      kind: 'domain-adapter',
      naming: 'attention-processor',
      baseModel,
      roles,
      what: 'an AnimateDiff domain adapter, or an early diffusers LoRA: they look and work alike',
    };
  }
  const what = `a LoRA for ${baseModelNames[baseModel]}`;
  return { kind: 'lora', naming: loraNaming(file), baseModel, roles, what };
}

/** Embeddings for one word. Must come last: nearly any small file would do. */
export function classifyTextualInversion(file: KeyView): Verdict | undefined {
  const entries = [...file.entries.values()].filter(({ shape }) => shape.length === 1 || shape.length === 2);
  const widths = new Set(entries.map(({ shape }) => shape[shape.length - 1] ?? 0));
  const named = file.starts('string_to_param', 'emb_params', 'clip_l', 'clip_g', '<');
  const small = entries.length > 0 && file.entries.size <= 4 && entries.length === file.entries.size;
  if (!named && !(small && [...widths].every((width) => [768, 1024, 1280].includes(width)))) return undefined;
  const baseModel = file.starts('clip_g') || widths.has(1280) ? 'sdxl' : widths.has(1024) ? 'sd2' : 'sd1';
  return {
    kind: 'textual-inversion',
    naming: file.starts('string_to_param') ? 'a1111' : 'diffusers',
    baseModel,
    roles: baseModel === 'sd1' ? ['adapters'] : [],
    what: `a textual inversion for ${baseModelNames[baseModel]}`,
  };
}

function isDomainAdapter(file: KeyView): boolean {
  return (
    file.matches(/^(down|up|mid)_block.*\.attn1\.processor\.to_q_lora\./) &&
    file.contains('.attn2.processor.') &&
    !file.contains('text_model', 'lora_linear_layer')
  );
}

function loraBaseModel(file: KeyView): BaseModel {
  if (file.starts('lora_te2_')) return 'sdxl';
  if (file.contains('single_transformer_blocks', 'double_blocks')) return 'flux';
  if (file.contains('joint_blocks')) return 'sd3';
  const down = file.shapeOf(/attn2[._](processor\.)?to_k(_lora)?\.(lora_)?(lora\.)?(down|A)(\..+)?$/);
  if (down) return baseModelByContext(down[1]);
  const told = `${file.metadata.get('ss_base_model_version') ?? ''} ${file.metadata.get('modelspec.architecture') ?? ''}`;
  if (/xl/i.test(told)) return 'sdxl';
  if (/v2|diffusion-2/i.test(told)) return 'sd2';
  return /v1|diffusion-1/i.test(told) ? 'sd1' : 'unknown';
}

import type { AnimateDiffError } from '../core/errors.js';
import type { FileIdentity } from '../weights/identify.js';
import { baseModelByContext, baseModelNames } from '../weights/names/file-kind.js';
import type { Adapter, WeightAdapterKind } from './adapter.js';
import { adapterError, quoted } from './adapter-errors.js';
import type { AdapterModule } from './adapter-module.js';

/** The functions that make adapters, and what each takes. */
const makers: Readonly<Record<Adapter['kind'], { readonly call: string; readonly what: string }>> = {
  lora: { call: 'lora()', what: 'a LoRA' },
  'motion-lora': { call: 'motionLora()', what: 'a MotionLoRA' },
  'domain-adapter': { call: 'domainAdapter()', what: 'a domain adapter' },
  'textual-inversion': { call: 'textualInversion()', what: 'a textual inversion' },
};

/** Modules of the motion transformers, however the file writes dots. */
export const motionTarget: RegExp = /(^|[._])motion_modules[._]/;

/** Modules of the text encoder, however the file writes dots. */
export const textTarget: RegExp =
  /^(lora_te1?_|te1?\.|text_encoder|clip_l\.|(base_model\.model\.)?text_model\.)/;

const spatialAttention =
  /(^|[._])transformer_blocks[._]\d+[._]attn[12][._](processor\.)?to_(q|k|v|out)(\.0|_0)?$/;

function isImageAttention(target: string): boolean {
  return spatialAttention.test(target) && !textTarget.test(target) && !motionTarget.test(target);
}

/** Which kind of adapter the modules of a file make. */
export function kindOfModules(modules: readonly AdapterModule[]): WeightAdapterKind {
  if (modules.some(({ target }) => motionTarget.test(target))) return 'motion-lora';
  const others = modules.filter(({ target }) => !target.includes('.processor.') || !isImageAttention(target));
  return modules.length > 0 && others.length === 0 ? 'domain-adapter' : 'lora';
}

/**
 * Refuses a file that was given to the wrong function. Domain adapters and early LoRAs look alike, and domain adapters
 * saved again by other tools look like any LoRA of the image UNet's attention: both functions take those.
 * @throws `weights-mismatch`, naming the right function.
 */
export function checkKind(
  file: string,
  wanted: Adapter['kind'],
  found: Adapter['kind'],
  modules: readonly AdapterModule[] = [],
): void {
  if (found === wanted || (wanted === 'lora' && found === 'domain-adapter')) return;
  const imageAttention = modules.every(({ target }) => isImageAttention(target));
  if (wanted === 'domain-adapter' && found === 'lora' && imageAttention) return;
  const { call, what } = makers[found];
  throw adapterError(file, `this is ${what}: use ${call}`, { kind: found, expected: wanted });
}

/** The error for a file that is no adapter at all, with what it is instead. */
export function notAnAdapter(
  file: string,
  wanted: Adapter['kind'],
  identity: FileIdentity,
): AnimateDiffError {
  const { kind, what, roles } = identity;
  const place = roles.filter((role) => role !== 'adapters').map((role) => `'${role}'`);
  const advice = place.length > 0 ? `. Give it as ${place.join(' or ')}` : '';
  return adapterError(file, `this is ${what}, not ${makers[wanted].what}${advice}`, {
    kind,
    expected: wanted,
  });
}

const crossAttentionInput = /attn2[._](processor\.)?to_[kv]$/;

/**
 * Refuses adapters for other base models.
 * @throws `weights-mismatch`.
 */
export function checkBaseModel(
  file: string,
  { baseModel }: FileIdentity,
  modules: readonly AdapterModule[],
): void {
  if (baseModel !== 'sd1' && baseModel !== 'unknown')
    throw otherBase(file, `a LoRA for ${baseModelNames[baseModel]}`);
  for (const { target, delta } of modules) {
    if (/^(lora_te2_|te2\.|text_encoder_2\.)/.test(target))
      throw otherBase(file, `a LoRA for ${baseModelNames.sdxl} (${quoted(target)})`);
    // Stable Diffusion 1.x has one block in each transformer.
    if (/[._]transformer_blocks[._][1-9]/.test(target))
      throw otherBase(file, `a LoRA for ${baseModelNames.sdxl} or another larger model (${quoted(target)})`);
    const base = crossAttentionInput.test(target) ? baseModelByContext(delta?.columns) : 'sd1';
    if (base !== 'sd1' && base !== 'unknown')
      throw otherBase(
        file,
        `a LoRA for ${baseModelNames[base]} (${quoted(target)} takes ${delta?.columns} inputs)`,
      );
  }
}

function otherBase(file: string, what: string): AnimateDiffError {
  return adapterError(file, `this is ${what}; AnimateDiff needs one for ${baseModelNames.sd1}`);
}

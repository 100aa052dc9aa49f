import type { FileNaming, Verdict } from './file-kind.js';
import type { KeyView } from './key-view.js';
import { locateMotionModule } from './locate.js';
import { type MotionVersion, motionFacts } from './motion-version.js';

const descriptions: Readonly<Record<MotionVersion, string>> = {
  v1: 'an AnimateDiff v1 motion module (mm_sd_v14, mm_sd_v15)',
  v2: 'an AnimateDiff v2 motion module (mm_sd_v15_v2)',
  v3: 'an AnimateDiff v3 motion module (v3_sd15_mm)',
  animatelcm: 'an AnimateLCM motion module',
  lightning: 'an AnimateDiff-Lightning motion module',
  long: 'a long-context motion module for Stable Diffusion 1.x',
  sdxl: 'an AnimateDiff motion module for Stable Diffusion XL',
  hotshot: 'a Hotshot-XL motion module, which needs Stable Diffusion XL',
  pia: 'a PIA motion module, which needs an image-conditioned UNet',
  fancyvideo: 'a FancyVideo motion module, which needs blocks of its own',
  'animatelcm-i2v': 'an AnimateLCM image-to-video motion module, which needs an image encoder',
};

const usable: ReadonlySet<MotionVersion> = new Set(['v1', 'v2', 'v3', 'animatelcm', 'lightning', 'long']);

/** SparseCtrl: an encoder of its own with motion modules. */
export function classifySparseControl(file: KeyView): Verdict | undefined {
  if (!hasMotion(file)) return undefined;
  const rgb = file.matches(/controlnet_cond_embedding\.weight$/);
  if (!rgb && !file.matches(/controlnet_cond_embedding\.conv_in\.weight$/)) return undefined;
  return {
    kind: 'sparse-control',
    naming: motionNaming(file),
    baseModel: 'sd1',
    roles: [],
    what: `a SparseCtrl encoder (${rgb ? 'RGB' : 'scribble'}), which this library does not run`,
  };
}

/** Motion modules of every known kind, usable or not. */
export function classifyMotionModule(file: KeyView): Verdict | undefined {
  if (!hasMotion(file) || file.contains('lora')) return undefined;
  const facts = motionFacts(file.entries);
  const regular = locateMotionModule(file.names)?.layout !== undefined;
  const forSdxl = facts.version === 'sdxl' || facts.version === 'hotshot';
  return {
    kind: 'motion-module',
    naming: motionNaming(file),
    baseModel: forSdxl ? 'sdxl' : 'sd1',
    roles: usable.has(facts.version) && regular ? ['motionModule'] : [],
    what:
      usable.has(facts.version) && !regular
        ? 'a motion module of unusual structure'
        : descriptions[facts.version],
    version: facts.version,
    maxFrames: facts.maxFrames,
    hasMidBlock: facts.hasMidBlock,
  };
}

/** MotionLoRA: low-rank changes to a motion module. */
export function classifyMotionLora(file: KeyView): Verdict | undefined {
  if (!file.matches(/motion_modules[._]/) || !file.contains('lora')) return undefined;
  return {
    kind: 'motion-lora',
    naming: loraNaming(file),
    baseModel: 'sd1',
    roles: ['adapters'],
    what: 'a MotionLoRA (camera or subject motion for a motion module)',
    hasMidBlock: file.matches(/mid_block[._]motion_modules/),
  };
}

/** Which tool wrote an adapter. */
export function loraNaming(file: KeyView): FileNaming {
  if (file.starts('lora_unet_', 'lora_te')) return 'kohya';
  if (file.contains('.lora_A.', '.lora_B.')) return 'peft';
  if (file.contains('.processor.')) return 'attention-processor';
  return file.contains('.lora.down.', '.lora.up.', 'lora_linear_layer') ? 'diffusers' : 'unknown';
}

function hasMotion(file: KeyView): boolean {
  return file.contains('motion_modules.', 'temporal_attentions.');
}

function motionNaming(file: KeyView): FileNaming {
  return file.contains('temporal_transformer.', 'temporal_attentions.') ? 'original' : 'diffusers';
}

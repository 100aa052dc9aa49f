import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identify } from '../../../src/weights/identify.js';
import { fixtureShapes, headerStore, moved, type Shapes } from './header-store.js';
import { originalMotionModule } from './motion-names.js';

const singleFile = fixtureShapes('sd15-single-file');
const unet = fixtureShapes('sd15-unet');
const tiny = fixtureShapes('tiny-sd15-single-file');

const identifyShapes = (shapes: Shapes, metadata: Record<string, string> = {}) =>
  identify(headerStore(shapes).entries, new Map(Object.entries(metadata)));

const changed = (shapes: Shapes, pattern: RegExp, shape: readonly number[]): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([name, old]) => [name, pattern.test(name) ? shape : old]));

const without = (shapes: Shapes, pattern: RegExp): Shapes =>
  Object.fromEntries(Object.entries(shapes).filter(([name]) => !pattern.test(name)));

const loraPair = (path: string, inner = 768): Shapes => ({
  [`${path}.lora_down.weight`]: [4, inner],
  [`${path}.lora_up.weight`]: [320, 4],
  [`${path}.alpha`]: [],
});

const processorLora = (root: string): Shapes =>
  Object.fromEntries(
    ['attn1', 'attn2'].flatMap((attention) => [
      [`${root}.${attention}.processor.to_q_lora.down.weight`, [128, 320]],
      [`${root}.${attention}.processor.to_k_lora.down.weight`, [128, attention === 'attn2' ? 768 : 320]],
      [`${root}.${attention}.processor.to_q_lora.up.weight`, [320, 128]],
    ]),
  );

const kohyaToK = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';

describe('what a file is', () => {
  it.each<[string, Shapes, object]>([
    [
      'a full single file',
      singleFile,
      { kind: 'checkpoint', naming: 'ldm', baseModel: 'sd1', roles: ['checkpoint', 'vae'] },
    ],
    ['a small model of the same structure', tiny, { kind: 'checkpoint', baseModel: 'sd1' }],
    ['a UNet of a folder', unet, { kind: 'unet', naming: 'diffusers', roles: ['checkpoint'] }],
    ['a UNet with the prefix alone', moved(unet, '', 'unet.'), { kind: 'unet', naming: 'diffusers' }],
    ['a VAE', fixtureShapes('sd15-vae'), { kind: 'vae', naming: 'diffusers', roles: ['vae'] }],
    ['a VAE in old names', moved(singleFile, 'first_stage_model.', ''), { kind: 'vae', naming: 'ldm' }],
    ['a text encoder', fixtureShapes('sd15-text-encoder'), { kind: 'text-encoder', roles: [] }],
    [
      'an inpainting model',
      changed(singleFile, /input_blocks\.0\.0\.weight/, [320, 9, 3, 3]),
      { kind: 'inpainting-checkpoint', roles: [] },
    ],
    [
      'InstructPix2Pix',
      changed(unet, /^conv_in\.weight/, [320, 8, 3, 3]),
      { kind: 'other-diffusion', roles: [] },
    ],
    [
      'Stable Diffusion 2',
      changed(singleFile, /attn2\.to_[kv]\.weight/, [320, 1024]),
      { kind: 'sd2-checkpoint', baseModel: 'sd2' },
    ],
    [
      'Stable Diffusion XL',
      { ...singleFile, 'conditioner.embedders.0.transformer.text_model.x': [1] },
      { kind: 'sdxl-checkpoint', baseModel: 'sdxl' },
    ],
    [
      'SDXL UNet of a folder',
      { ...unet, 'add_embedding.linear_1.weight': [1280, 2816] },
      { kind: 'sdxl-checkpoint' },
    ],
    ['a UNet without its middle', without(unet, /^mid_block\./), { kind: 'other-diffusion', roles: [] }],
    [
      'a UNet with layers cut out',
      without(unet, /\.(resnets|attentions)\.1\./),
      { kind: 'other-diffusion', roles: [] },
    ],
    [
      'Flux',
      { 'double_blocks.0.img_attn.qkv.weight': [1, 1] },
      { kind: 'other-diffusion', baseModel: 'flux' },
    ],
    [
      'a ControlNet',
      { 'control_model.input_hint_block.0.weight': [16, 3, 3, 3] },
      { kind: 'controlnet', roles: [] },
    ],
    [
      'an IP-Adapter',
      { 'image_proj.proj.weight': [3072, 1024], 'ip_adapter.1.to_k_ip.weight': [320, 768] },
      { kind: 'ip-adapter', baseModel: 'sd1' },
    ],
    [
      'SparseCtrl',
      { ...originalMotionModule({ positions: 32 }), 'controlnet_cond_embedding.weight': [320, 5, 3, 3] },
      { kind: 'sparse-control', roles: [] },
    ],
    [
      'a kohya LoRA',
      loraPair(kohyaToK),
      { kind: 'lora', naming: 'kohya', baseModel: 'sd1', roles: ['adapters'] },
    ],
    ['a LoRA for SDXL', loraPair(kohyaToK, 2048), { kind: 'lora', baseModel: 'sdxl', roles: [] }],
    ['a LoRA for SD 2', loraPair(kohyaToK, 1024), { kind: 'lora', baseModel: 'sd2', roles: [] }],
    [
      'a PEFT LoRA',
      { 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight': [8, 768] },
      { kind: 'lora', naming: 'peft', baseModel: 'sd1' },
    ],
    [
      'a LyCORIS LoHa',
      { 'lora_unet_mid_block_resnets_0_conv1.hada_w1_a': [1280, 8] },
      { kind: 'lora', naming: 'kohya', baseModel: 'unknown' },
    ],
    [
      'a domain adapter',
      processorLora('down_blocks.0.attentions.0.transformer_blocks.0'),
      { kind: 'domain-adapter', naming: 'attention-processor', roles: ['adapters'] },
    ],
    [
      'a MotionLoRA',
      processorLora('down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0'),
      { kind: 'motion-lora', naming: 'attention-processor', roles: ['adapters'] },
    ],
    [
      'a word embedding',
      { '<cat-toy>': [768] },
      {
        kind: 'textual-inversion',
        baseModel: 'sd1',
        roles: ['adapters'],
        what: 'a textual inversion for Stable Diffusion 1.x',
      },
    ],
    ['a word embedding for SDXL', { clip_l: [2, 768], clip_g: [2, 1280] }, { baseModel: 'sdxl', roles: [] }],
    ['a word embedding for SD 2', { emb_params: [2, 1024] }, { baseModel: 'sd2', roles: [] }],
    ['an A1111 embedding', { 'string_to_param.*': [8, 768] }, { kind: 'textual-inversion', naming: 'a1111' }],
    ['anything else', { 'fc.weight': [10, 10] }, { kind: 'unknown', roles: [] }],
    ['nothing', {}, { kind: 'unknown', tensorCount: 0, parameterCount: 0 }],
  ])('%s', (_, shapes, expected) => {
    expect(identifyShapes(shapes)).toMatchObject(expected);
  });

  it('asks the metadata of adapters that do not touch the text', () => {
    const shapes = loraPair('lora_unet_mid_block_resnets_0_conv1', 1280);
    expect(identifyShapes(shapes, { ss_base_model_version: 'sdxl_base_v1-0' }).baseModel).toBe('sdxl');
    expect(identifyShapes(shapes, { 'modelspec.architecture': 'stable-diffusion-v1/lora' }).baseModel).toBe(
      'sd1',
    );
  });
});

describe('which motion module it is', () => {
  const v3 = originalMotionModule({ positions: 32 });
  it.each<[string, Shapes, object]>([
    ['v1', originalMotionModule({ positions: 24 }), { version: 'v1', maxFrames: 24, hasMidBlock: false }],
    [
      'v2',
      originalMotionModule({ positions: 32, midBlock: true }),
      { version: 'v2', maxFrames: 32, hasMidBlock: true },
    ],
    ['v2 in diffusers names', fixtureShapes('motion-v2'), { version: 'v2', naming: 'diffusers' }],
    ['v3', v3, { version: 'v3', maxFrames: 32, naming: 'original', roles: ['motionModule'] }],
    ['AnimateLCM', originalMotionModule({ midBlock: true }), { version: 'animatelcm', maxFrames: 64 }],
    ['LongAnimateDiff', originalMotionModule({ positions: 64 }), { version: 'long', maxFrames: 64 }],
    [
      'AnimateDiff for SDXL',
      originalMotionModule({ positions: 32, channels: [320, 640, 1280] }),
      { version: 'sdxl', baseModel: 'sdxl', roles: [] },
    ],
    ['PIA', { ...v3, 'conv_in.weight': [320, 9, 3, 3] }, { version: 'pia', roles: [] }],
    ['AnimateLCM-I2V', { ...v3, 'img_encoder.conv.weight': [1] }, { version: 'animatelcm-i2v', roles: [] }],
    ['FancyVideo', { ...v3, 'fps_embedding.linear_1.weight': [1] }, { version: 'fancyvideo', roles: [] }],
    [
      'Hotshot-XL',
      { 'down_blocks.0.temporal_attentions.0.norm.weight': [320] },
      { version: 'hotshot', baseModel: 'sdxl', roles: [] },
    ],
  ])('%s', (_, shapes, expected) => {
    expect(identifyShapes(shapes)).toMatchObject({ kind: 'motion-module', ...expected });
  });
});

it('describes a file in one sentence, with its size and types', () => {
  const identity = identifyShapes(singleFile);
  expect(identity.parameterCount).toBe(859_520_964 + 83_653_863 + 123_060_480 + 77);
  expect(identity.dtypes).toEqual({ f32: 1131 });
  expect(identity.summary).toBe(
    'This is a Stable Diffusion 1.x checkpoint (1131 tensors, 1066.2 M parameters, f32, ldm names).',
  );
});

describe('hostile headers', () => {
  it('never make it throw', () => {
    const segment = fc.constantFrom(
      ...[
        'down_blocks',
        'up_blocks',
        '0',
        '9999',
        'motion_modules',
        'temporal_transformer',
        'norm',
        'weight',
        'pe',
      ],
      ...[
        'input_blocks',
        'decoder',
        'up',
        'conv_in',
        'lora_down',
        'attn2',
        'to_k',
        '__proto__',
        '',
        'string_to_param',
      ],
    );
    const name = fc.array(segment, { maxLength: 7 }).map((segments) => segments.join('.'));
    const shape = fc.array(fc.constantFrom(0, 1, 4, 9, 320, 768, 2 ** 40), { maxLength: 5 });
    const file = fc.array(fc.tuple(name, shape), { maxLength: 30 });
    fc.assert(
      fc.property(file, (tensors) => typeof identifyShapes(Object.fromEntries(tensors)).summary === 'string'),
    );
  });

  it('with huge numbers in names are no models', () => {
    const names = [
      'down_blocks.9999.motion_modules.0.norm.weight',
      'down_blocks.0.motion_modules.9999.norm.weight',
    ];
    for (const name of names) expect(identifyShapes({ [name]: [1] }).roles).toEqual([]);
  });
});

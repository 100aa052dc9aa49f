import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fileSource } from '../../../src/core/file-source-node.js';
import { filesSource } from '../../../src/core/files-source.js';
import { motionModule, openMotionModule } from '../../../src/weights/motion-module.js';
import { fixtureShapes, headerStore } from './header-store.js';
import { originalMotionModule } from './motion-names.js';

describe('opening motion modules', () => {
  it('tells version, frames and structure from the tensors', () => {
    const file = headerStore(originalMotionModule({ positions: 24 }));
    expect(motionModule(file, undefined, 'mm_sd_v15.ckpt')).toMatchObject({
      label: 'mm_sd_v15.ckpt',
      version: 'v1',
      maxFrames: 24,
      hasMidBlock: false,
      hasPositions: true,
      levels: 4,
      layersPerBlock: 2,
      channels: [320, 640, 1280, 1280],
      warnings: [],
    });
  });

  it('takes AnimateLCM, which has no position table', () => {
    const module = motionModule(
      headerStore(originalMotionModule({ midBlock: true })),
      undefined,
      'file.ckpt',
    );
    expect(module).toMatchObject({ version: 'animatelcm', maxFrames: 64, hasPositions: false, warnings: [] });
  });

  it.each([
    ['animatediff_lightning_4step_comfyui.safetensors', 'lightning'],
    ['wangfuyun/AnimateLCM', 'animatelcm'],
    ['mm_sd_v15_v2.ckpt', 'v2'],
    ['lightning-fast/mm_sd_v15_v2.ckpt', 'v2'],
  ])('takes %s for %s: only the name can tell', (label, version) => {
    const module = motionModule(headerStore(fixtureShapes('motion-v2')), undefined, label);
    expect(module.version).toBe(version);
    expect(module.warnings).toHaveLength(version === 'v2' ? 0 : 1);
  });

  it('lets tensors beat the config, with a warning', () => {
    const config = { use_motion_mid_block: false, motion_max_seq_length: 32, motion_num_attention_heads: 8 };
    const module = motionModule(headerStore(fixtureShapes('motion-v2')), config, 'adapter');
    expect(module.hasMidBlock).toBe(true);
    expect(module.warnings).toMatchObject([{ code: 'config-contradicts-tensors' }]);
    expect(module.config).toBe(config);
  });

  it('ignores image UNet weights that a training checkpoint carries along', () => {
    const file = { ...fixtureShapes('sd15-unet'), ...originalMotionModule({ positions: 32 }) };
    const { report, warnings } = motionModule(headerStore(file), undefined, 'trained.ckpt');
    expect(report.ignored).toHaveLength(686 + 20);
    expect([report.unknown, warnings]).toEqual([[], []]);
  });

  it.each([
    [
      'a MotionLoRA',
      { 'up_blocks.0.motion_modules.0.x.processor.to_q_lora.down.weight': [4, 4] },
      "Give it as 'adapters': [motionLora(…)]",
    ],
    ['a checkpoint', fixtureShapes('tiny-sd15-single-file'), "Give it as 'checkpoint'"],
    [
      'an SDXL module',
      originalMotionModule({ positions: 32, channels: [320, 640, 1280] }),
      'for Stable Diffusion XL',
    ],
    [
      'half a module',
      { 'down_blocks.0.motion_modules.0.temporal_transformer.norm.weight': [320] },
      'is incomplete',
    ],
  ])('refuses %s', (_, shapes, sentence) => {
    expect(() => motionModule(headerStore(shapes), undefined, 'file')).toThrow(sentence);
  });

  it('opens a torch file with a state_dict wrapper and a module. prefix', async () => {
    const path = fileURLToPath(new URL('../../fixtures/tiny-sd15/motion/v2.ckpt', import.meta.url));
    const module = await openMotionModule(fileSource(path));
    expect(module).toMatchObject({ version: 'v2', maxFrames: 32, channels: [32, 64, 64, 64], warnings: [] });
    const pe = await module.store.read('mid_block.motion_modules.0.transformer_blocks.0.pos_embed.pe');
    expect(pe.shape).toEqual([1, 32, 64]);
    await module.close();
  });

  it('says what an empty folder lacks', async () => {
    await expect(openMotionModule(filesSource(new Map(), { name: 'empty' }))).rejects.toThrow(
      'empty has no motion module weights',
    );
  });
});

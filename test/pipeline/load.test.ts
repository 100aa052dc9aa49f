import { readFileSync } from 'node:fs';
import {
  AnimateDiffPipeline,
  bytesSource,
  type FolderSource,
  type LoadProgress,
  openWeights,
} from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { describe, expect, test } from 'vitest';
import { type NamedTensor, writeSafetensors } from '../../src/weights/safetensors-writer.js';
import { fixture, loadTiny, tinyGeneration, tinyModel } from '../support/tiny-model.js';

describe('loading', () => {
  test('tells what was loaded', async () => {
    await using pipeline = await loadTiny();
    expect(pipeline.info).toMatchObject({
      motionModule: { version: 'v2', maxFrames: 32, groupNorm: 'original' },
      device: 'cpu',
      scheduler: 'ddim',
    });
  });

  test('tells its progress, up to the end of every phase', async () => {
    const seen: LoadProgress[] = [];
    await using _ = await loadTiny({ onProgress: (progress) => seen.push(progress) });
    const weights = seen.filter(({ phase, component }) => phase === 'weights' && component === 'unet');
    expect(weights.at(-1)).toMatchObject({ loaded: weights.at(-1)!.total });
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['open', 'weights', 'session']));
  });

  test('works without a motion module, for single images', async () => {
    await using pipeline = await AnimateDiffPipeline.load({
      backend: ortNode(),
      checkpoint: fileSource(fixture('tiny-sd15/model')),
    });
    expect((await pipeline.generate({ ...tinyGeneration, numFrames: 1 })).frames).toHaveLength(1);
    await expect(pipeline.generate({ ...tinyGeneration, numFrames: 2 })).rejects.toMatchObject({
      message: expect.stringContaining("option 'motionModule'"),
    });
  });

  test('takes a VAE from a file of its own', async () => {
    await using own = await loadTiny();
    const vae = fileSource(fixture('tiny-sd15/model/vae/diffusion_pytorch_model.safetensors'));
    await using pipeline = await loadTiny({ vae, config: { vae: { norm_num_groups: 32 } } });
    expect((await pipeline.generate(tinyGeneration)).frames).toEqual(
      (await own.generate(tinyGeneration)).frames,
    );
  });

  test('takes weights from memory without touching the disk, and can run in a process of its own', async () => {
    await using own = await loadTiny();
    const { frames } = await own.generate(tinyGeneration);
    for (const backend of [
      ortNode({ weightsCache: 'memory', isolation: 'none' }),
      ortNode({ isolation: 'process' }),
    ]) {
      await using pipeline = await loadTiny({ backend });
      expect((await pipeline.generate(tinyGeneration)).frames).toEqual(frames);
    }
  });

  test.each(['all', 'unet', 'one'] as const)(
    "gives the same frames with residency '%s'",
    async (residency) => {
      await using reference = await loadTiny();
      await using pipeline = await loadTiny({ residency });
      expect((await pipeline.generate(tinyGeneration)).frames).toEqual(
        (await reference.generate(tinyGeneration)).frames,
      );
    },
  );

  test('can be planned from headers alone', async () => {
    const plan = await AnimateDiffPipeline.plan({ ...tinyModel(), numFrames: 16, width: 64 });
    const [text, unet, vae] = plan.networks;
    expect([text?.name, unet?.name, vae?.name]).toEqual(['text_encoder', 'unet', 'vae_decoder']);
    expect(plan.weightBytes).toBe(text!.weightBytes + unet!.weightBytes + vae!.weightBytes);
    expect(plan.peakBytes).toBeGreaterThan(plan.weightBytes);
  });
});

describe('loading refuses', () => {
  const refused = (options: object, code: string, message: RegExp) =>
    expect(loadTiny(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

  test('options that are none, all told at once', () =>
    refused(
      { checkpoint: 'model.safetensors', residncy: 'all' },
      'invalid-options',
      /residncy.*fileSource\('model.safetensors'\)/,
    ));

  test('config fields under other names, and numbers that do not fit the weights', async () => {
    await refused(
      { config: { unet: { normNumGroups: 4 } } },
      'invalid-options',
      /config\.unet\.normNumGroups: fields have the names of config\.json/,
    );
    await refused(
      { config: { unet: { norm_num_groups: 5 } } },
      'invalid-options',
      /32 channels cannot be normalised in 5 groups.*norm_num_groups/,
    );
    await refused(
      { config: { unet: { attention_head_dim: 5 } } },
      'invalid-options',
      /32 channels cannot be shared by 5 attention heads/,
    );
  });

  test('a motion module for another width', async () => {
    await refused(
      { motionModule: await scaledModule(2) },
      'weights-mismatch',
      /widths 64, 128, 128, 128.*32, 64, 64, 64/,
    );
  });

  test('a LoRA as checkpoint, with the option that it belongs to', () => {
    const lora = writeSafetensors([
      {
        name: 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight',
        type: 'f32',
        shape: [4, 32],
        bytes: new Uint8Array(512),
      },
      {
        name: 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight',
        type: 'f32',
        shape: [32, 4],
        bytes: new Uint8Array(512),
      },
    ]);
    return refused(
      { checkpoint: bytesSource(lora, { name: 'style.safetensors' }) },
      'weights-mismatch',
      /style.safetensors is .*LoRA.*'adapters'/,
    );
  });

  test('checkpoints that lack tensors or hold them in another shape, by name', async () => {
    const name = 'down_blocks.1.resnets.0.conv1.weight';
    await refused(
      { checkpoint: await changedUnet((all) => all.filter((tensor) => tensor.name !== name)) },
      'weights-mismatch',
      /down_blocks\.1\.resnets\.0\.conv1\.weight/,
    );
    const reshaped = await changedUnet((all) =>
      all.map((tensor) => (tensor.name === name ? { ...tensor, shape: [64, 16, 3, 6] } : tensor)),
    );
    await refused(
      { checkpoint: reshaped },
      'weights-mismatch',
      /conv1\.weight is \[64, 16, 3, 6\], expected \[64, 32, 3, 3\]/,
    );
  });

  test('a Stable Diffusion XL checkpoint, by its name', () => {
    const names = [
      'conditioner.embedders.0.transformer.text_model.embeddings.position_embedding.weight',
      'model.diffusion_model.label_emb.0.0.weight',
      'model.diffusion_model.input_blocks.0.0.weight',
    ];
    const file = writeSafetensors(
      names.map((name) => ({
        name,
        type: 'f16',
        shape: [320, 4, 3, 3],
        bytes: new Uint8Array(2 * 320 * 36),
      })),
    );
    return refused(
      { checkpoint: bytesSource(file, { name: 'xl.safetensors' }) },
      'weights-mismatch',
      /xl\.safetensors is .*XL/,
    );
  });

  test('files that were not downloaded whole', () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n';
    const whole = readFileSync(fixture('tiny-sd15/motion/v2.ckpt'));
    const cut = bytesSource(whole.subarray(0, 1_000_000), { name: 'cut.ckpt' });
    return Promise.all([
      refused(
        { checkpoint: bytesSource(new TextEncoder().encode(pointer), { name: 'lfs.safetensors' }) },
        'weights-format',
        /lfs\.safetensors.*LFS/,
      ),
      refused({ motionModule: cut }, 'weights-format', /cut\.ckpt/),
    ]);
  });

  test('a web page saved as a model', () =>
    refused(
      { checkpoint: bytesSource(new TextEncoder().encode('<!DOCTYPE html><html>'), { name: 'page.ckpt' }) },
      'weights-format',
      /page.ckpt.*page/,
    ));

  test('weights that are not numbers, by name', async () =>
    refused(
      { motionModule: await scaledModule(1, 'nan') },
      'numerics',
      /nan.safetensors: weight '.*' holds NaN/,
    ));

  test('to go on after an abort, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const load = loadTiny({ signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(load).rejects.toBe(reason);
    await expect(loadTiny({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

/** The tiny model's folder with another list of UNet tensors. */
async function changedUnet(change: (tensors: NamedTensor[]) => NamedTensor[]): Promise<FolderSource> {
  const folder = fileSource(fixture('tiny-sd15/model')) as FolderSource;
  const path = 'unet/diffusion_pytorch_model.safetensors';
  const store = await openWeights((await folder.file(path))!);
  const tensors: NamedTensor[] = [];
  for (const { name } of store.entries.values()) tensors.push({ name, ...(await store.read(name)) });
  await store.close();
  const changed = bytesSource(writeSafetensors(change(tensors)), { name: 'changed.safetensors' });
  return {
    ...folder,
    file: async (asked, options) => (asked === path ? changed : folder.file(asked, options)),
  };
}

/** The tiny v2 module with every width times `factor`, or with one NaN. */
async function scaledModule(factor: number, flaw?: 'nan'): Promise<ReturnType<typeof bytesSource>> {
  const store = await openWeights(fileSource(fixture('tiny-sd15/motion/v2.ckpt')) as never);
  const tensors = [];
  for (const { name, type, shape } of store.entries.values()) {
    const wide = shape.map((size, axis) =>
      size === 1 || (name.endsWith('.pe') && axis === 1) ? size : size * factor,
    );
    const raw =
      factor === 1 ? (await store.read(name)).bytes : new Uint8Array(2 * wide.reduce((a, b) => a * b, 1));
    if (flaw === 'nan' && name.endsWith('mid_block.motion_modules.0.temporal_transformer.proj_in.weight'))
      raw.set([0, 0x7e], 10);
    tensors.push({ name, type, shape: wide, bytes: raw });
  }
  await store.close();
  return bytesSource(writeSafetensors(tensors), { name: flaw ? 'nan.safetensors' : 'wide.safetensors' });
}

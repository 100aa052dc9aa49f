import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { fileSource } from '../../../src/core/file-source-node.js';
import { filesSource } from '../../../src/core/files-source.js';
import type { ByteSource, FolderSource } from '../../../src/core/source.js';
import { openCheckpoint } from '../../../src/weights/checkpoint.js';
import { singleFileCheckpoint } from '../../../src/weights/checkpoint-single-file.js';
import { openVae } from '../../../src/weights/vae.js';
import { fixtureShapes, headerStore, type Shapes, shapesOf } from './header-store.js';
import { originalMotionModule } from './motion-names.js';

const modelPath = fileURLToPath(new URL('../../fixtures/tiny-sd15/model', import.meta.url));
const tinySingleFile = fixtureShapes('tiny-sd15-single-file');

const without = (shapes: Shapes, prefix: string): Shapes =>
  Object.fromEntries(Object.entries(shapes).filter(([name]) => !name.startsWith(prefix)));

/** The tiny model's folder with files renamed or hidden, that knows which of its files are open. */
function arrangedFolder(rename: (path: string) => string | undefined): FolderSource & { open: Set<string> } {
  const folder = fileSource(modelPath) as FolderSource;
  const open = new Set<string>();
  return {
    kind: 'folder',
    name: 'tiny',
    open,
    file: async (path, options) => {
      const real = rename(path);
      const file = real === undefined ? undefined : await folder.file(real, options);
      return file && watched(file, `tiny/${path}`, open);
    },
  };
}

function watched(file: ByteSource, name: string, open: Set<string>): ByteSource {
  return {
    ...file,
    name,
    read: (offset, length, options) => {
      open.add(name);
      return file.read(offset, length, options);
    },
    close: async () => {
      open.delete(name);
      await file.close();
    },
  };
}

describe('a diffusers folder', () => {
  it('opens the networks with their configs, the tokenizer files and the scheduler config', async () => {
    const checkpoint = await openCheckpoint(fileSource(modelPath));
    expect(checkpoint.form).toBe('folder');
    expect(checkpoint.unet.config?.['block_out_channels']).toEqual([32, 64, 64, 64]);
    expect(checkpoint.vae?.config?.['latent_channels']).toBe(4);
    expect(checkpoint.textEncoder?.config?.['hidden_size']).toBe(64);
    expect(checkpoint.schedulerConfig?.['beta_end']).toBe(0.012);
    expect(await checkpoint.tokenizerFiles?.vocab.size()).toBeGreaterThan(1000);
    expect(checkpoint.warnings).toEqual([]);
    const { shape, bytes } = await checkpoint.unet.store.read('conv_in.weight');
    expect([shape, bytes.byteLength]).toEqual([[32, 4, 3, 3], 2 * 32 * 4 * 9]);
    await checkpoint.close();
  });

  it('agrees with the single file of the same model, name by name and shape by shape', async () => {
    const folder = await openCheckpoint(fileSource(modelPath));
    const file = await singleFileCheckpoint(headerStore(tinySingleFile));
    expect(shapesOf(folder.unet.store)).toEqual(shapesOf(file.unet.store));
    expect(shapesOf(folder.vae!.store)).toEqual(shapesOf(file.vae!.store));
    expect(shapesOf(folder.textEncoder!.store)).toEqual(shapesOf(file.textEncoder!.store));
    await folder.close();
  });

  it('prefers the wanted variant and warns when the parts differ', async () => {
    const folder = arrangedFolder((path) =>
      path.replace('unet/diffusion_pytorch_model.fp16', 'unet/diffusion_pytorch_model'),
    );
    const checkpoint = await openCheckpoint(folder, { variant: 'fp16' });
    expect(checkpoint.unet.store.label).toBe('tiny/unet/diffusion_pytorch_model.fp16.safetensors');
    expect(checkpoint.vae!.store.label).toBe('tiny/vae/diffusion_pytorch_model.safetensors');
    expect(checkpoint.warnings.map(({ code }) => code)).toEqual(['mixed-variants']);
    await checkpoint.close();
  });

  it('falls back to a variant that was not asked for, and says so', async () => {
    const folder = arrangedFolder((path) =>
      path.endsWith('.safetensors')
        ? path.includes('.fp16.')
          ? path.replace('.fp16', '')
          : undefined
        : path,
    );
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.warnings.map(({ code }) => code)).toEqual(['other-variant']);
    await checkpoint.close();
  });

  it('takes torch files where there is no safetensors file, and tells the container by content', async () => {
    const folder = arrangedFolder((path) =>
      path.endsWith('.safetensors')
        ? undefined
        : path.replace(
            'pytorch_model.bin',
            path.startsWith('text') ? 'model.safetensors' : 'pytorch_model.safetensors',
          ),
    );
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.textEncoder!.store.label).toBe('tiny/text_encoder/pytorch_model.bin');
    expect(checkpoint.warnings).toEqual([]);
    await checkpoint.close();
  });

  it('takes weights in shards', async () => {
    const whole = await openCheckpoint(fileSource(modelPath));
    const shard = 'diffusion_pytorch_model-00001-of-00001.safetensors';
    const names = [...whole.unet.store.entries.keys()];
    const index = JSON.stringify({ weight_map: Object.fromEntries(names.map((name) => [name, shard])) });
    const files = arrangedFolder((path) =>
      path === 'unet/diffusion_pytorch_model.safetensors'
        ? undefined
        : path.replace(shard, 'diffusion_pytorch_model.safetensors'),
    );
    const checkpoint = await openCheckpoint({
      ...files,
      file: async (path, options) =>
        path === 'unet/diffusion_pytorch_model.safetensors.index.json'
          ? bytesSource(new TextEncoder().encode(index), { name: path })
          : files.file(path, options),
    });
    expect(shapesOf(checkpoint.unet.store)).toEqual(shapesOf(whole.unet.store));
    await Promise.all([whole.close(), checkpoint.close()]);
    expect([...files.open]).toEqual([]);
  });

  it('closes every file again, after use and on failure', async () => {
    const folder = arrangedFolder((path) => path);
    const checkpoint = await openCheckpoint(folder);
    await checkpoint.unet.store.read('conv_in.bias');
    await checkpoint.close();
    expect([...folder.open]).toEqual([]);

    const broken = arrangedFolder((path) =>
      path.startsWith('text_encoder/model') ? 'text_encoder/config.json' : path,
    );
    await expect(openCheckpoint(broken)).rejects.toMatchObject({ code: 'weights-format' });
    expect([...broken.open]).toEqual([]);
  });

  it('may come without VAE and text encoder', async () => {
    const checkpoint = await openCheckpoint(
      arrangedFolder((path) => (/^(unet)\//.test(path) ? path : undefined)),
    );
    expect([checkpoint.vae, checkpoint.textEncoder, checkpoint.tokenizerFiles]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await checkpoint.close();
  });

  it('refuses folders of something else, broken configs and variants that are no word', async () => {
    const adapter = filesSource(new Map([['config.json', new Blob(['{"_class_name":"MotionAdapter"}'])]]));
    await expect(openCheckpoint(adapter)).rejects.toThrow("it is a motion module; give it as 'motionModule'");
    const folder = arrangedFolder((path) => (path === 'vae/config.json' ? 'tokenizer/merges.txt' : path));
    await expect(openCheckpoint(folder)).rejects.toThrow('tiny/vae/config.json is not valid JSON');
    await expect(openCheckpoint(folder, { variant: '../fp16' })).rejects.toMatchObject({
      code: 'invalid-options',
    });
  });

  it('stops when cancelled', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(openCheckpoint(fileSource(modelPath), { signal })).rejects.toThrow('enough');
  });
});

describe('a single file', () => {
  it('opens a UNet that is a file of its own', async () => {
    const checkpoint = await openCheckpoint(
      fileSource(`${modelPath}/unet/diffusion_pytorch_model.safetensors`),
    );
    expect(checkpoint).toMatchObject({ form: 'single-file', vae: undefined, textEncoder: undefined });
    expect(checkpoint.unet.store.entries.size).toBe(684);
    await checkpoint.close();
  });

  it('may come without VAE or text encoder', async () => {
    const noVae = await singleFileCheckpoint(headerStore(without(tinySingleFile, 'first_stage_model.')));
    expect([noVae.vae, noVae.textEncoder?.store.entries.size]).toEqual([undefined, 52]);
    const noText = await singleFileCheckpoint(headerStore(without(tinySingleFile, 'cond_stage_model.')));
    expect([noText.vae?.store.entries.size, noText.textEncoder]).toEqual([180, undefined]);
  });

  it('accounts for every tensor: training leftovers are ignored with a reason, strangers are a warning', async () => {
    const file = {
      ...tinySingleFile,
      'model_ema.decay': [],
      'model_ema.diffusion_modelout2bias': [4],
      betas: [1000],
      sqrt_alphas_cumprod: [1000],
      'cond_stage_model.logit_scale': [],
      'model.diffusion_model.input_blocks.1.0.surprise.weight': [1],
      stranger: [1],
    };
    const { unet, leftovers, warnings } = await singleFileCheckpoint(headerStore(file));
    expect(leftovers.ignored).toHaveLength(5);
    expect(leftovers.unknown).toEqual(['stranger']);
    expect(unet.report.unknown).toEqual(['model.diffusion_model.input_blocks.1.0.surprise.weight']);
    expect(warnings).toMatchObject([{ code: 'unknown-tensors' }]);
  });

  it('warns of models that predict velocity or come with another noise schedule', async () => {
    const file = headerStore({ ...tinySingleFile, v_pred: [0], alphas_cumprod: [1000] });
    const { warnings } = await singleFileCheckpoint(file);
    expect(warnings.map(({ code }) => code)).toEqual(['v-prediction', 'schedule-differs']);
  });

  it('lists what an incomplete file lacks', async () => {
    const file = without(tinySingleFile, 'model.diffusion_model.middle_block.2.');
    await expect(singleFileCheckpoint(headerStore(file))).rejects.toMatchObject({
      code: 'weights-mismatch',
      message: expect.stringContaining("has no 'mid_block.resnets.1.norm1.weight'"),
    });
  });

  it.each<[string, Shapes, string]>([
    [
      'lora.safetensors',
      {
        lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k: [1],
        'x.lora_down.weight': [4, 768],
      },
      "is a LoRA for an unknown base model; 'checkpoint' takes a Stable Diffusion 1.x checkpoint. Give it as 'adapters': [lora(…)]",
    ],
    ['bad.pt', { 'string_to_param.*': [8, 768] }, "Give it as 'adapters': [textualInversion(…)]"],
    ['xl.safetensors', { emb_params: [8, 1280] }, 'is a textual inversion for Stable Diffusion XL'],
    ['mm.ckpt', originalMotionModule({ positions: 32 }), "Give it as 'motionModule'"],
    ['vae.pt', fixtureShapes('sd15-vae'), "Give it as 'vae'"],
    ['weird.bin', { 'fc.weight': [1] }, "is a file of unknown tensors ('fc.weight', …)"],
  ])('says what %s is and where it belongs', async (label, shapes, sentence) => {
    await expect(singleFileCheckpoint(headerStore(shapes, { label }))).rejects.toThrow(`${label} `);
    await expect(singleFileCheckpoint(headerStore(shapes, { label }))).rejects.toThrow(sentence);
  });

  it('refuses 8-bit weights with separate scales', async () => {
    const file = headerStore({ ...tinySingleFile, scaled_fp8: [2] });
    await expect(singleFileCheckpoint(file)).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('a VAE', () => {
  it("opens from its file, its folder, the model's folder", async () => {
    const sources = [
      fileSource(`${modelPath}/vae/diffusion_pytorch_model.safetensors`),
      fileSource(`${modelPath}/vae`),
      fileSource(modelPath),
    ];
    const opened = await Promise.all(sources.map((source) => openVae(source)));
    expect(opened.map(({ store }) => store.entries.size)).toEqual([180, 180, 180]);
    expect(opened.map(({ config }) => config?.['scaling_factor'])).toEqual([undefined, 0.18215, 0.18215]);
    expect(opened.flatMap(({ warnings }) => warnings)).toEqual([]);
    await Promise.all(opened.map((vae) => vae.close()));
  });

  it('refuses a text encoder and closes it', async () => {
    const open = new Set<string>();
    const file = watched(
      fileSource(`${modelPath}/text_encoder/model.safetensors`) as ByteSource,
      'text.safetensors',
      open,
    );
    await expect(openVae(file)).rejects.toThrow('text.safetensors is a text encoder');
    expect([...open]).toEqual([]);
  });
});

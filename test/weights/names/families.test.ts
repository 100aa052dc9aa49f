import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { singleFileCheckpoint } from '../../../src/weights/checkpoint-single-file.js';
import { motionModule } from '../../../src/weights/motion-module.js';
import { vaeFile } from '../../../src/weights/vae.js';
import { headerStore, type Shapes, shapesOf, sortedShapes } from './header-store.js';
import { originalMotionModule } from './motion-names.js';

// Both namings are written out side by side by walking a UNet in execution order and counting blocks, as
// openaimodel.py does; the tables under test compute the numbers instead.

type Pairs = [ldm: string, diffusers: string, shape: readonly number[]][];

const resnetNames = [
  ['in_layers.0', 'norm1'],
  ['in_layers.2', 'conv1'],
  ['emb_layers.1', 'time_emb_proj'],
  ['out_layers.0', 'norm2'],
  ['out_layers.3', 'conv2'],
] as const;

function add(pairs: Pairs, ldm: string, diffusers: string, shape: readonly number[] = [8, 8]): void {
  pairs.push([`${ldm}.weight`, `${diffusers}.weight`, shape], [`${ldm}.bias`, `${diffusers}.bias`, [8]]);
}

function addResnet(pairs: Pairs, ldm: string, diffusers: string, shortcut: boolean): void {
  for (const [a, b] of resnetNames) add(pairs, `${ldm}.${a}`, `${diffusers}.${b}`);
  if (shortcut) add(pairs, `${ldm}.skip_connection`, `${diffusers}.conv_shortcut`, [8, 8, 1, 1]);
}

function addAttention(pairs: Pairs, ldm: string, diffusers: string, depth: number): void {
  add(pairs, `${ldm}.norm`, `${diffusers}.norm`);
  for (const name of ['proj_in', 'proj_out'])
    add(pairs, `${ldm}.${name}`, `${diffusers}.${name}`, [8, 8, 1, 1]);
  for (let block = 0; block < depth; block++) {
    const inner = `transformer_blocks.${block}`;
    for (const name of [
      'norm1',
      'norm2',
      'norm3',
      'attn1.to_out.0',
      'attn2.to_out.0',
      'ff.net.0.proj',
      'ff.net.2',
    ]) {
      add(pairs, `${ldm}.${inner}.${name}`, `${diffusers}.${inner}.${name}`);
    }
    for (const name of ['attn1.to_q', 'attn1.to_k', 'attn1.to_v', 'attn2.to_q', 'attn2.to_k', 'attn2.to_v']) {
      pairs.push([`${ldm}.${inner}.${name}.weight`, `${diffusers}.${inner}.${name}.weight`, [8, 8]]);
    }
  }
}

function unetPairs(attention: readonly boolean[], layers: number, depth: number): Pairs {
  const pairs: Pairs = [];
  const levels = attention.length;
  add(pairs, 'input_blocks.0.0', 'conv_in', [8, 4, 3, 3]);
  add(pairs, 'time_embed.0', 'time_embedding.linear_1');
  add(pairs, 'time_embed.2', 'time_embedding.linear_2');
  let input = 1;
  for (let level = 0; level < levels; level++) {
    for (let layer = 0; layer < layers; layer++, input++) {
      const block = `down_blocks.${level}`;
      addResnet(pairs, `input_blocks.${input}.0`, `${block}.resnets.${layer}`, layer === 0);
      if (attention[level])
        addAttention(pairs, `input_blocks.${input}.1`, `${block}.attentions.${layer}`, depth);
    }
    if (level < levels - 1) {
      add(pairs, `input_blocks.${input++}.0.op`, `down_blocks.${level}.downsamplers.0.conv`, [8, 8, 3, 3]);
    }
  }
  addResnet(pairs, 'middle_block.0', 'mid_block.resnets.0', false);
  addAttention(pairs, 'middle_block.1', 'mid_block.attentions.0', depth);
  addResnet(pairs, 'middle_block.2', 'mid_block.resnets.1', false);
  let output = 0;
  for (let level = 0; level < levels; level++) {
    const attended = attention[levels - 1 - level];
    for (let layer = 0; layer <= layers; layer++, output++) {
      const block = `up_blocks.${level}`;
      addResnet(pairs, `output_blocks.${output}.0`, `${block}.resnets.${layer}`, true);
      if (attended) addAttention(pairs, `output_blocks.${output}.1`, `${block}.attentions.${layer}`, depth);
      if (layer === layers && level < levels - 1) {
        add(
          pairs,
          `output_blocks.${output}.${attended ? 2 : 1}.conv`,
          `${block}.upsamplers.0.conv`,
          [8, 8, 3, 3],
        );
      }
    }
  }
  add(pairs, 'out.0', 'conv_norm_out');
  add(pairs, 'out.2', 'conv_out', [4, 8, 3, 3]);
  return pairs;
}

function vaePairs(levels: number, layers: number): Pairs {
  const pairs: Pairs = [];
  const resnet = (ldm: string, diffusers: string): void => {
    for (const name of ['norm1', 'conv1', 'norm2', 'conv2'])
      add(pairs, `${ldm}.${name}`, `${diffusers}.${name}`);
  };
  for (const side of ['encoder', 'decoder'] as const) {
    add(pairs, `${side}.conv_in`, `${side}.conv_in`, [8, side === 'decoder' ? 4 : 3, 3, 3]);
    add(pairs, `${side}.norm_out`, `${side}.conv_norm_out`);
    add(pairs, `${side}.conv_out`, `${side}.conv_out`);
    resnet(`${side}.mid.block_1`, `${side}.mid_block.resnets.0`);
    resnet(`${side}.mid.block_2`, `${side}.mid_block.resnets.1`);
    add(pairs, `${side}.mid.attn_1.norm`, `${side}.mid_block.attentions.0.group_norm`, [8]);
    for (const [a, b] of [
      ['q', 'to_q'],
      ['k', 'to_k'],
      ['v', 'to_v'],
      ['proj_out', 'to_out.0'],
    ] as const) {
      add(pairs, `${side}.mid.attn_1.${a}`, `${side}.mid_block.attentions.0.${b}`);
    }
  }
  add(pairs, 'quant_conv', 'quant_conv');
  add(pairs, 'post_quant_conv', 'post_quant_conv');
  for (let level = 0; level < levels; level++) {
    const down = [`encoder.down.${level}`, `encoder.down_blocks.${level}`] as const;
    const up = [`decoder.up.${levels - 1 - level}`, `decoder.up_blocks.${level}`] as const;
    for (let layer = 0; layer < layers; layer++)
      resnet(`${down[0]}.block.${layer}`, `${down[1]}.resnets.${layer}`);
    for (let layer = 0; layer <= layers; layer++)
      resnet(`${up[0]}.block.${layer}`, `${up[1]}.resnets.${layer}`);
    if (level === levels - 1) continue;
    add(pairs, `${down[0]}.downsample.conv`, `${down[1]}.downsamplers.0.conv`);
    add(pairs, `${up[0]}.upsample.conv`, `${up[1]}.upsamplers.0.conv`);
  }
  return pairs;
}

const ldm = (pairs: Pairs, prefix: string): Shapes =>
  Object.fromEntries(pairs.map(([name, , shape]) => [prefix + name, shape]));
const diffusers = (pairs: Pairs): Shapes => Object.fromEntries(pairs.map(([, name, shape]) => [name, shape]));

const count = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

describe('key maps hold for any size of the family', () => {
  it('UNets of 1 to 5 levels, 1 to 3 layers, attention anywhere', async () => {
    const attention = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(attention, count(3), count(2), async (attended, layers, depth) => {
        const pairs = unetPairs(attended, layers, depth);
        const file = headerStore(ldm(pairs, 'model.diffusion_model.'));
        const { unet, leftovers } = await singleFileCheckpoint(file);
        expect(shapesOf(unet.store)).toEqual(sortedShapes(diffusers(pairs)));
        expect([...unet.report.unknown, ...leftovers.unknown]).toEqual([]);

        const same = await singleFileCheckpoint(headerStore(diffusers(pairs)));
        expect(shapesOf(same.unet.store)).toEqual(sortedShapes(diffusers(pairs)));
      }),
      { numRuns: 25 },
    );
  });

  it('VAEs of 1 to 5 levels and 1 to 3 layers', () => {
    fc.assert(
      fc.property(count(5), count(3), (levels, layers) => {
        const pairs = vaePairs(levels, layers);
        const { store, report } = vaeFile(headerStore(ldm(pairs, 'first_stage_model.')), undefined);
        expect(shapesOf(store)).toEqual(sortedShapes(diffusers(pairs)));
        expect(report.unknown).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('motion modules of 1 to 5 levels and 1 to 3 layers', () => {
    fc.assert(
      fc.property(count(5), count(3), fc.boolean(), (levels, layers, midBlock) => {
        const channels = Array.from({ length: levels }, (_, level) => 32 * (level + 1));
        const file = headerStore(originalMotionModule({ channels, layers, positions: 32, midBlock }));
        const module = motionModule(file, undefined, 'motion.safetensors');
        const transformers = levels * (2 * layers + 1) + (midBlock ? 1 : 0);
        expect(module.store.entries.size).toBe(27 * transformers);
        expect(module).toMatchObject({ levels, layersPerBlock: layers, channels, hasMidBlock: midBlock });
        expect(module.report.unknown).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { domainAdapter, lora, motionLora } from '../../src/adapters/adapter.js';
import { openAdapter } from '../../src/adapters/open-adapter.js';
import { type PlacedAdapter, placeAdapter } from '../../src/adapters/place-adapter.js';
import {
  type NamedShapes,
  type Target,
  type TargetTable,
  targetTable,
} from '../../src/adapters/target-table.js';
import { fixture } from '../support/tiny-model.js';
import { file, type Values, values } from './files.js';

type Shapes = Record<string, number[]>;

function names(name: string): Shapes {
  return JSON.parse(readFileSync(fixture('names', `${name}.json`), 'utf8')) as Shapes;
}

function network(...parts: Shapes[]): NamedShapes {
  const all = new Map(parts.flatMap((part) => Object.entries(part)));
  return { label: 'sd15', names: [...all.keys()], shape: (name) => all.get(name) };
}

/** The motion module's shapes under canonical names; `mid: false` as v3 has it. */
function motion(mid = true): Shapes {
  const all = Object.entries(names('motion-v2'));
  return Object.fromEntries(all.filter(([name]) => mid || !name.startsWith('mid_block')));
}

const text = Object.fromEntries(
  Object.entries(names('sd15-text-encoder')).map(([name, shape]) => [
    name.startsWith('text_model.') ? name : `text_model.${name}`,
    shape,
  ]),
);

function sd15(motionModule: Shapes | undefined = motion()): TargetTable {
  const unet = motionModule ? network(names('sd15-unet'), motionModule) : network(names('sd15-unet'));
  return targetTable({ unet, textEncoder: network(text) });
}

const full = sd15();

function pathsBelow(table: TargetTable, starts: RegExp): Set<string> {
  const found = [...table.targets].filter(([alias]) => starts.test(alias));
  return new Set(found.map(([, { path }]) => path));
}

const matrices = (table: TargetTable): Target[] => [
  ...new Set([...table.targets.values()].filter(({ shape }) => shape.length > 1)),
];

test('Stable Diffusion 1.5 has 282 matrices in its UNet and 72 in the layers of its text encoder', () => {
  const paths = matrices(full).map(({ path }) => path);
  const image = paths.filter((path) => !path.startsWith('text_model.') && !path.includes('motion_modules'));
  const inTransformers = image.filter((path) => path.includes('.attentions.'));
  const outside = image.filter((path) => /\.(resnets|downsamplers|upsamplers)\./.test(path));
  expect([inTransformers.length, outside.length, image.length]).toEqual([192, 86, 282]);
  expect(paths.filter((path) => path.startsWith('text_model.encoder.layers.'))).toHaveLength(72);
  expect(paths.filter((path) => path.includes('motion_modules'))).toHaveLength(21 * 12);
});

test('every matrix has a name in every dialect, and no name means two layers', () => {
  // The table is a map that refuses a second meaning: that it was made says that there is none.
  const image = new Set(
    matrices(full)
      .map(({ path }) => path)
      .filter((path) => !path.startsWith('text_model.') && !path.includes('motion_modules')),
  );
  const has = (alias: RegExp): number =>
    [...pathsBelow(full, alias)].filter((path) => image.has(path)).length;
  expect(has(/^lora_unet_(down|up|mid)_block|^lora_unet_(conv|time_embedding)/)).toBe(282);
  expect(has(/^lora_unet_(input_blocks|output_blocks|middle_block|time_embed_\d|out_)/)).toBe(282);
  expect(has(/^unet\./)).toBe(282);
  expect(has(/^base_model\.model\./)).toBe(282);
  expect(has(/^diffusion_model\./)).toBe(282);
  expect(has(/\.processor\.to_(q|k|v|out)$/)).toBe(16 * 8);
  const inMotion = [...pathsBelow(full, /\.temporal_transformer\./)].filter((path) =>
    /to_|proj|\.ff\./.test(path),
  );
  expect(inMotion).toHaveLength(21 * 12);
  const inLayers = (alias: RegExp): number =>
    [...pathsBelow(full, alias)].filter((path) => /self_attn|mlp/.test(path)).length;
  for (const alias of [/^lora_te_/, /^lora_te1_/, /^text_encoder\./, /^te1\./])
    expect(inLayers(alias)).toBe(72);
});

test.each([
  [
    'lora_unet_input_blocks_7_1_transformer_blocks_0_attn2_to_out_0',
    'down_blocks.2.attentions.0.transformer_blocks.0.attn2.to_out.0',
  ],
  ['lora_unet_output_blocks_2_1_conv', 'up_blocks.0.upsamplers.0.conv'],
  ['lora_unet_output_blocks_5_2_conv', 'up_blocks.1.upsamplers.0.conv'],
  ['lora_unet_input_blocks_3_0_op', 'down_blocks.0.downsamplers.0.conv'],
  ['lora_unet_down_blocks_1_resnets_0_conv_shortcut', 'down_blocks.1.resnets.0.conv_shortcut'],
  ['lora_te_text_model_encoder_layers_11_mlp_fc2', 'text_model.encoder.layers.11.mlp.fc2'],
  ['text_encoder.text_model.encoder.layers.0.self_attn.to_q', 'text_model.encoder.layers.0.self_attn.q_proj'],
  [
    'unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out',
    'mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0',
  ],
  ['diffusion_model.middle_block.1.proj_in', 'mid_block.attentions.0.proj_in'],
  [
    'mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.1.processor.to_q',
    'mid_block.motion_modules.0.transformer_blocks.0.attn2.to_q',
  ],
  [
    'unet.up_blocks.3.motion_modules.2.transformer_blocks.0.attn1.processor.to_v',
    'up_blocks.3.motion_modules.2.transformer_blocks.0.attn1.to_v',
  ],
])('%s', (alias, path) => {
  expect(full.targets.get(alias)?.path).toBe(path);
});

function lowRank(targets: readonly string[], up: string, down: string, size: number): Record<string, Values> {
  return Object.fromEntries(
    targets.flatMap((target) => [
      [`${target}${down}`, values(1, 1, size)],
      [`${target}${up}`, values(2, size, 1)],
    ]),
  );
}

async function placeMotion(table: TargetTable): Promise<PlacedAdapter> {
  const modules = ['down_blocks.0', 'mid_block'].map(
    (block) =>
      `${block}.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q`,
  );
  const tensors = {
    ...lowRank(modules.slice(0, 1), '_lora.up.weight', '_lora.down.weight', 320),
    ...lowRank(modules.slice(1), '_lora.up.weight', '_lora.down.weight', 1280),
  };
  return placeAdapter(await openAdapter(motionLora(file(tensors, 'v2_lora_ZoomIn.ckpt'))), table);
}

test("a MotionLoRA's middle block is left out where the module has none, with the reason", async () => {
  const onV2 = await placeMotion(full);
  expect([onV2.placements.length, onV2.warnings]).toEqual([2, []]);
  const onV3 = await placeMotion(sd15(motion(false)));
  expect(onV3.placements).toHaveLength(1);
  expect(onV3.unmatched).toHaveLength(1);
  expect(onV3.warnings).toMatchObject([
    { code: 'motion-lora-mid-block-skipped', message: expect.stringContaining('made for AnimateDiff v2') },
  ]);
});

test('a MotionLoRA without a motion module is refused', async () => {
  await expect(placeMotion(targetTable({ unet: network(names('sd15-unet')) }))).rejects.toMatchObject({
    code: 'weights-mismatch',
    message: expect.stringContaining('it changes a motion module, and the model has none'),
  });
});

const known = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q';

test('layers that the model does not have are listed; none at all is an error', async () => {
  const strange = ['a', 'b', 'c', 'd'].map((letter) => `lora_unet_strange_${letter}`);
  const some = lowRank([known, ...strange], '.lora_up.weight', '.lora_down.weight', 1280);
  const result = placeAdapter(await openAdapter(lora(file(some))), full);
  expect(result.unmatched).toEqual(strange);
  expect(result.weights).toEqual(new Set(['mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight']));
  expect(result.warnings).toMatchObject([
    {
      code: 'adapter-layers-unmatched',
      message: expect.stringMatching(/4 of its layers.*'lora_unet_strange_a'.*1 more/),
    },
  ]);
  const none = lowRank(strange, '.lora_up.weight', '.lora_down.weight', 1280);
  const adapter = await openAdapter(lora(file(none)));
  expect(() => placeAdapter(adapter, full)).toThrow(/none of its layers is in sd15/);
});

test('two names for one layer in one file cannot both be meant', async () => {
  const twice = lowRank(
    [known, 'lora_unet_middle_block_1_transformer_blocks_0_attn1_to_q'],
    '.lora_up.weight',
    '.lora_down.weight',
    1280,
  );
  const adapter = await openAdapter(lora(file(twice)));
  expect(() => placeAdapter(adapter, full)).toThrow(/mid_block_attentions_0.*middle_block_1.*both change/);
});

test('a layer of another shape is named with both shapes', async () => {
  const adapter = await openAdapter(
    lora(file(lowRank([known], '.lora_up.weight', '.lora_down.weight', 640))),
  );
  expect(() => placeAdapter(adapter, full)).toThrow(/640 rows and 640 columns.*\[1280, 1280\]/);
});

test('the domain adapter of v3: 128 projections, from its own names', async () => {
  const targets = matrices(full)
    .filter(({ path }) => /\.attn[12]\.to_/.test(path) && !path.includes('motion_modules'))
    .map(({ path, shape }) => ({ name: path.replace(/\.(to_\w+)(\.0)?$/, '.processor.$1_lora'), shape }));
  const tensors = targets.flatMap(({ name, shape: [out = 0, inputs = 0] }) => [
    [`${name}.down.weight`, values(1, 1, inputs)] as const,
    [`${name}.up.weight`, values(2, out, 1)] as const,
  ]);
  const adapter = await openAdapter(
    domainAdapter(file(Object.fromEntries(tensors), 'v3_sd15_adapter.safetensors')),
  );
  const result = placeAdapter(adapter, full);
  expect([adapter.kind, result.placements.length, result.unmatched.length]).toEqual([
    'domain-adapter',
    128,
    0,
  ]);
});

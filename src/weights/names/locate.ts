import { type BlockLayout, blockRanges } from './block-layout.js';
import { countIndexed, range } from './count-indexed.js';
import { canonicalTable, expandRules, type KeyTable, mergeTables } from './key-table.js';
import type { FilePart } from './match-keys.js';
import { type MotionLayout, motionLayout, motionRanges } from './motion-layout.js';
import { motionRules } from './motion-rules.js';
import { textEncoderRules } from './text-encoder-rules.js';
import { diffusersUnetLayout, ldmUnetLayout } from './unet-layout.js';
import { unetRules } from './unet-rules.js';
import { diffusersVaeLayout, ldmVaeLayout } from './vae-layout.js';
import { oldDiffusersVaeRules, vaeRules } from './vae-rules.js';

/** Which dialect of names a network uses. */
export type NetworkNaming = 'ldm' | 'diffusers' | 'transformers' | 'original';

/** A network found among a file's names. */
export interface LocatedPart<Layout> {
  /** What stands before the network's own names; may be empty. */
  readonly prefix: string;
  /** Its dialect of names. */
  readonly naming: NetworkNaming;
  /** `undefined` when the names are irregular: a model of another build, or with parts cut out. */
  readonly layout: Layout | undefined;
}

interface Mark {
  readonly naming: NetworkNaming;
  /** Names that are all present below the prefix when the network is there. */
  readonly names: readonly string[];
}

const unetPrefixes = ['model.diffusion_model.', 'diffusion_model.', 'unet.', ''];
const unetMarks: readonly Mark[] = [
  { naming: 'ldm', names: ['input_blocks.0.0.weight'] },
  { naming: 'diffusers', names: ['conv_in.weight', 'time_embedding.linear_1.weight'] },
];

const vaePrefixes = ['first_stage_model.', 'vae.', ''];
const vaeMarks: readonly Mark[] = [
  { naming: 'ldm', names: ['decoder.conv_in.weight', 'decoder.up.0.block.0.conv1.weight'] },
  { naming: 'diffusers', names: ['decoder.conv_in.weight', 'decoder.up_blocks.0.resnets.0.conv1.weight'] },
];

const textEncoderPrefixes = [
  'cond_stage_model.transformer.text_model.',
  'cond_stage_model.transformer.',
  'text_encoder.text_model.',
  'text_encoder.',
  'text_model.',
  '',
];
const textEncoderMarks: readonly Mark[] = [
  {
    naming: 'transformers',
    names: ['encoder.layers.0.self_attn.q_proj.weight', 'embeddings.token_embedding.weight'],
  },
];

// DDP training saves `module.`, full motion UNets `unet.`.
const motionPrefixes = ['', 'module.', 'unet.'];

/** Finds the image UNet. */
export function locateUnet(names: ReadonlySet<string>): LocatedPart<BlockLayout> | undefined {
  return locate(names, unetPrefixes, unetMarks, { ldm: ldmUnetLayout, diffusers: diffusersUnetLayout });
}

/** Finds the VAE. */
export function locateVae(names: ReadonlySet<string>): LocatedPart<BlockLayout> | undefined {
  return locate(names, vaePrefixes, vaeMarks, { ldm: ldmVaeLayout, diffusers: diffusersVaeLayout });
}

/** Finds the CLIP text encoder; its layout is the number of layers. */
export function locateTextEncoder(names: ReadonlySet<string>): LocatedPart<number> | undefined {
  return locate(names, textEncoderPrefixes, textEncoderMarks, { transformers: textEncoderLayers });
}

/** Finds a motion module for Stable Diffusion 1.5's structure. */
export function locateMotionModule(names: ReadonlySet<string>): LocatedPart<MotionLayout> | undefined {
  for (const prefix of motionPrefixes) {
    const ours = below(names, prefix);
    if (![...ours].some((name) => name.startsWith('down_blocks.') && name.includes('.motion_modules.')))
      continue;
    const original = [...ours].some((name) => name.includes('.temporal_transformer.'));
    return { prefix, naming: original ? 'original' : 'diffusers', layout: motionLayout(ours) };
  }
  return undefined;
}

/** The key table of a located UNet. */
export function unetPart({ prefix, naming }: LocatedPart<BlockLayout>, layout: BlockLayout): FilePart {
  return { prefix, table: tableFor(naming, ldmUnetTable(layout)) };
}

/** The key table of a located VAE; diffusers' old attention names are understood too. */
export function vaePart({ prefix, naming }: LocatedPart<BlockLayout>, layout: BlockLayout): FilePart {
  const ranges = blockRanges(layout);
  const table = tableFor(naming, expandRules(vaeRules, ranges));
  if (naming === 'ldm') return { prefix, table };
  return { prefix, table: mergeTables(table, expandRules(oldDiffusersVaeRules, ranges)) };
}

/** The key table of a located text encoder of that many layers. */
export function textEncoderPart({ prefix }: LocatedPart<number>, layers: number): FilePart {
  return { prefix, table: expandRules(textEncoderRules, textEncoderRanges(layers)) };
}

/** The key table of a located motion module. */
export function motionPart({ prefix, naming }: LocatedPart<MotionLayout>, layout: MotionLayout): FilePart {
  return { prefix, table: tableFor(naming, originalMotionTable(layout)) };
}

/** Latent-diffusion → canonical names of a UNet. Adapters find their targets by both. */
export function ldmUnetTable(layout: BlockLayout): KeyTable {
  return expandRules(unetRules, blockRanges(layout));
}

/** Original → canonical names of a motion module. Adapters find their targets by both. */
export function originalMotionTable(layout: MotionLayout): KeyTable {
  return expandRules(motionRules, motionRanges(layout));
}

function textEncoderRanges(layers: number): Record<string, readonly Record<string, number>[]> {
  return { root: [{}], layers: range(layers).map((layer) => ({ layer })) };
}

function textEncoderLayers(names: ReadonlySet<string>): number | undefined {
  const layers = countIndexed(names, 'encoder.layers.');
  return layers <= 64 ? layers : undefined;
}

function tableFor(naming: NetworkNaming, table: KeyTable): KeyTable {
  return naming === 'diffusers' ? canonicalTable(table) : table;
}

function locate<Layout>(
  names: ReadonlySet<string>,
  prefixes: readonly string[],
  marks: readonly Mark[],
  layouts: Partial<Record<NetworkNaming, (names: ReadonlySet<string>) => Layout | undefined>>,
): LocatedPart<Layout> | undefined {
  for (const prefix of prefixes) {
    const mark = marks.find((candidate) => candidate.names.every((name) => names.has(prefix + name)));
    if (mark) return { prefix, naming: mark.naming, layout: layouts[mark.naming]?.(below(names, prefix)) };
  }
  return undefined;
}

function below(names: ReadonlySet<string>, prefix: string): ReadonlySet<string> {
  if (prefix === '') return names;
  return new Set(
    [...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
  );
}

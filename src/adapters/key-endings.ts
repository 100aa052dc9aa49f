import type { DeltaFamily } from './delta-family.js';
import { fullFamily } from './full-family.js';
import { lohaFamily } from './loha-family.js';
import { lokrFamily } from './lokr-family.js';
import { loraFamily } from './lora-family.js';

/** What the end of a key says: which part of which kind of change the tensor is. */
export interface KeyEnding {
  /** The end of a key. */
  readonly ending: string;
  /** `undefined` for what goes with every family. */
  readonly family: DeltaFamily | undefined;
  /** The part that the tensor plays, as families name it. */
  readonly part: string;
}

const lora: readonly (readonly [ending: string, part: string])[] = [
  // kohya, LyCORIS' LoCon
  ['.lora_up.weight', 'up'],
  ['.lora_down.weight', 'down'],
  ['.lora_mid.weight', 'mid'],
  // PEFT, and diffusers since
  ['.lora_B.weight', 'up'],
  ['.lora_A.weight', 'down'],
  ['.lora_B.bias', 'upBias'],
  // Attention processors of early diffusers, which AnimateDiff's own adapters use
  ['_lora.up.weight', 'up'],
  ['_lora.down.weight', 'down'],
  // diffusers' text encoders, then its UNets, of 2023
  ['.lora_linear_layer.up.weight', 'up'],
  ['.lora_linear_layer.down.weight', 'down'],
  ['.lora.up.weight', 'up'],
  ['.lora.down.weight', 'down'],
];

const loha: readonly (readonly [ending: string, part: string])[] = [
  ['.hada_w1_a', 'w1a'],
  ['.hada_w1_b', 'w1b'],
  ['.hada_w2_a', 'w2a'],
  ['.hada_w2_b', 'w2b'],
  ['.hada_t1', 't1'],
  ['.hada_t2', 't2'],
];

const lokr: readonly (readonly [ending: string, part: string])[] = [
  ['.lokr_w1', 'k1'],
  ['.lokr_w1_a', 'k1a'],
  ['.lokr_w1_b', 'k1b'],
  ['.lokr_t1', 'kt1'],
  ['.lokr_w2', 'k2'],
  ['.lokr_w2_a', 'k2a'],
  ['.lokr_w2_b', 'k2b'],
  ['.lokr_t2', 'kt2'],
];

const full: readonly (readonly [ending: string, part: string])[] = [
  ['.diff', 'diff'],
  ['.w_norm', 'diff'],
];

const any: readonly (readonly [ending: string, part: string])[] = [
  ['.alpha', 'alpha'],
  // Replaces alpha / rank (stable-diffusion-webui)
  ['.scale', 'gain'],
  ['.dora_scale', 'doraScale'],
  ['.lora_magnitude_vector', 'magnitude'],
  ['.lora_magnitude_vector.weight', 'magnitude'],
  ['.diff_b', 'biasDiff'],
  ['.b_norm', 'biasDiff'],
];

/** All endings that are understood. */
export const keyEndings: readonly KeyEnding[] = (
  [
    [lora, loraFamily],
    [loha, lohaFamily],
    [lokr, lokrFamily],
    [full, fullFamily],
    [any, undefined],
  ] as const
).flatMap(([endings, family]) => endings.map(([ending, part]) => ({ ending, part, family })));

/** Keys of methods that change a model in ways that are not supported. */
export const refusedKeys: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\.(oft_blocks|oft_diag|oft_R|boft_[A-Za-z]+)(\.|$)/, what: 'OFT' },
  { pattern: /\.(on_input|ia3_l)(\.|$)/, what: 'IA³' },
  { pattern: /\.(a1|a2|b1|b2|bm1|bm2)\.weight$/, what: 'GLoRA' },
  { pattern: /\.lora_embedding_[AB](\.|$)/, what: 'LoRA of an embedding table' },
  { pattern: /\.vera_lambda_[bd](\.|$)/, what: 'VeRA' },
  { pattern: /\.lora_E(\.|$)/, what: 'AdaLoRA' },
  { pattern: /^(320|640|768|1024|1280)\./, what: 'hypernetwork' },
];

/** Keys that are known and left out, with the reason. */
export const skippedKeys: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  {
    pattern: /^bundle_emb\./,
    reason: 'embeddings packed into a LoRA are not used; save them as files of their own',
  },
  {
    pattern: /\.(bias_indices|bias_values|bias_size)$/,
    reason: 'sparse biases of old LyCORIS files are not used',
  },
];

// PEFT puts the adapter's own name in between: `lora_A.default.weight`.
const peftNamed = /\.(lora_[AB]|lora_magnitude_vector)\.[^.]+\.(weight|bias)$/;

/** Takes a key apart, or gives `undefined` when its end means nothing here. */
export function splitKey(key: string): { readonly target: string; readonly ending: KeyEnding } | undefined {
  const plain = key.replace(peftNamed, '.$1.$2');
  const ending = keyEndings.find((candidate) => plain.endsWith(candidate.ending));
  return ending && { target: plain.slice(0, -ending.ending.length), ending };
}

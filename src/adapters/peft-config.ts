import type { Warning } from '../core/warnings.js';

/** What PEFT's config says about one network's LoRA. */
interface PeftPart {
  /** Names of the network's modules start so; `''` for all. */
  readonly prefix: string;
  readonly alpha: number | undefined;
  /** Alphas of single modules. */
  readonly alphas: ReadonlyMap<string, number>;
  /** Rank-stabilised LoRA (Kalajdzievski 2023): the gain is alpha over the root of the rank. */
  readonly rankStabilised: boolean;
}

/** Gains that PEFT's config asks for. */
export interface PeftConfig {
  /** The factor of a module's product, or `undefined` when the config does not say. */
  gain(target: string, rank: number): number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const metadataKey = 'lora_adapter_metadata';
const longestJson = 2 ** 20;

/**
 * Reads PEFT's config: an `adapter_config.json`, or what diffusers stores in a safetensors header, where every field
 * has its network's name in front (`unet.lora_alpha`).
 * @param json The parsed `adapter_config.json`, if there is one.
 */
export function readPeftConfig(
  file: string,
  metadata: ReadonlyMap<string, string>,
  json: Json | undefined,
): { readonly config: PeftConfig | undefined; readonly warnings: readonly Warning[] } {
  const text = metadata.get(metadataKey);
  if (json) return { config: configOf([partOf(json, '')]), warnings: [] };
  if (text === undefined) return { config: undefined, warnings: [] };
  const parsed = parse(text);
  if (!parsed) {
    const message = `${file}: the header's ${metadataKey} cannot be read; alpha is taken to equal the rank where the tensors do not say`;
    return { config: undefined, warnings: [{ code: 'adapter-config-unreadable', message }] };
  }
  const parts = ['', 'unet', 'text_encoder'].map((prefix) => partOf(parsed, prefix));
  return { config: configOf(parts), warnings: [] };
}

function parse(text: string): Json | undefined {
  if (text.length > longestJson) return undefined;
  try {
    return record(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function partOf(json: Json, network: string): PeftPart {
  const prefix = network === '' ? '' : `${network}.`;
  const field = (name: string): unknown =>
    Object.hasOwn(json, prefix + name) ? json[prefix + name] : undefined;
  const alphas = Object.entries(record(field('alpha_pattern')) ?? {}).flatMap(([module, value]) => {
    const alpha = positive(value);
    return alpha === undefined ? [] : [[module, alpha] as const];
  });
  return {
    prefix,
    alpha: positive(field('lora_alpha')),
    alphas: new Map(alphas),
    rankStabilised: field('use_rslora') === true,
  };
}

function configOf(parts: readonly PeftPart[]): PeftConfig {
  const longestFirst = [...parts].sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    gain(target, rank) {
      const part = longestFirst.find(
        ({ prefix, alpha, alphas }) => target.startsWith(prefix) && (alpha !== undefined || alphas.size > 0),
      );
      // Patterns are compared as plain ends of names: a stranger's regular expression is not run.
      const own = [...(part?.alphas ?? [])].find(
        ([module]) => target === module || target.endsWith(`.${module}`),
      );
      const alpha = own?.[1] ?? part?.alpha;
      return alpha === undefined ? undefined : alpha / (part?.rankStabilised ? Math.sqrt(rank) : rank);
    },
  };
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

import {
  type Adapter,
  domainAdapter,
  loadAdapter,
  lora,
  motionLora,
  type ReadOptions,
  textualInversion,
} from '../index.js';
import { sourceOf } from './model-options.js';
import { type CliOption, type CliValues, UsageError } from './options.js';

const makers = { lora, 'motion-lora': motionLora, 'domain-adapter': domainAdapter };
const makerNames = Object.keys(makers) as (keyof typeof makers)[];
const scaled = [...makerNames, 'adapter'] as const;

/** Options that name adapters. */
export const adapterCliOptions: readonly CliOption[] = [
  adapterOption('lora', 'PATH[:SCALE]', 'a LoRA, and how strongly it acts (1)'),
  adapterOption('motion-lora', 'PATH[:SCALE]', 'a MotionLoRA'),
  adapterOption('domain-adapter', 'PATH[:SCALE]', "AnimateDiff v3's domain adapter"),
  adapterOption(
    'embedding',
    'PATH[:TOKEN]',
    'a textual inversion, and its word for prompts (as the file says)',
  ),
  adapterOption('adapter', 'PATH[:SCALE]', 'any of these, told by its content'),
  {
    name: 'live',
    kind: 'flag',
    help: 'keep adapters beside the weights: begins sooner, steps take a little longer',
  },
];

function adapterOption(name: string, value: string, help: string): CliOption {
  return { name, kind: 'text', value, help, many: true };
}

/** What is wrong with their values. Looks at no file. */
export function adapterProblems(values: CliValues): string[] {
  return scaled.flatMap((name) =>
    values.texts(name).flatMap((text) => {
      const { path, scale } = scaledPath(text);
      if (path === '') return [`--${name}: '${text}' names no file`];
      if (scale !== undefined && !Number.isFinite(scale))
        return [`--${name}: the scale of '${text}' is too large`];
      const rest = /\.(?:safetensors|ckpt|pth?|bin):([^:/\\]*)$/i.exec(path)?.[1];
      return rest === undefined
        ? []
        : [`--${name}: '${rest}' of '${text}' is no scale: expected a number, such as 0.8`];
    }),
  );
}

/**
 * The adapters that were named, each under a name of its own. Only files whose kind is not said are looked into.
 * @throws `invalid-options` for a path that leads nowhere, and what `loadAdapter` throws.
 */
export async function adaptersOf(values: CliValues, options: ReadOptions): Promise<Adapter[]> {
  const mode = values.flag('live') ? 'live' : 'fused';
  const adapters: Adapter[] = makerNames.flatMap((name) =>
    values.texts(name).map((text) => {
      const { path, scale } = scaledPath(text);
      return makers[name](sourceOf(path), { scale, mode });
    }),
  );
  for (const text of values.texts('adapter')) {
    const { path, scale } = scaledPath(text);
    const found = await loadAdapter(sourceOf(path), options);
    if (found.kind === 'textual-inversion') {
      if (scale !== undefined)
        throw new UsageError(`--adapter: ${path} is a textual inversion, which has no scale`);
      adapters.push(found);
    } else adapters.push(makers[found.kind](sourceOf(path), { scale, mode }));
  }
  for (const text of values.texts('embedding')) {
    const { path, token } = tokenPath(text);
    adapters.push(textualInversion(sourceOf(path), { token }));
  }
  return withOwnNames(adapters);
}

/** Files of repositories are often called the same: `pytorch_lora_weights`. */
function withOwnNames(adapters: readonly Adapter[]): Adapter[] {
  const taken = new Set<string>();
  return adapters.map((adapter) => {
    let name = adapter.name;
    for (let number = 2; taken.has(name); number++) name = `${adapter.name}-${number}`;
    taken.add(name);
    return { ...adapter, name };
  });
}

/** Only a number at the end is a scale: paths of Windows, URLs and their ports have colons too. */
export function scaledPath(text: string): { readonly path: string; readonly scale: number | undefined } {
  const [, path, scale] = /^(.*):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/is.exec(text) ?? [];
  if (path === undefined || /^https?:\/\/[^/]*$/i.test(path)) return { path: text, scale: undefined };
  return { path, scale: Number(scale) };
}

/** What follows the last colon is a word, unless it is the rest of a path or URL. */
export function tokenPath(text: string): { readonly path: string; readonly token: string | undefined } {
  const [, path, token] = /^(.{2,}):([^:/\\\s]+)$/s.exec(text) ?? [];
  if (path === undefined || /^https?$/i.test(path)) return { path: text, token: undefined };
  return { path, token };
}

import { AnimateDiffError } from '../core/errors.js';
import type { IgnoreRule } from './names/key-rule.js';
import { type FilePart, type KeyReport, matchKeys, type PartMatch } from './names/match-keys.js';
import { renamedStore } from './renamed-store.js';
import type { WeightStore } from './weight-store.js';

/** One network's weights, ready to build it from. */
export interface ComponentWeights {
  /** The tensors under canonical names: diffusers' for UNet, VAE and motion modules, transformers' for CLIP. */
  readonly store: WeightStore;
  /** The network's `config.json`, as untrusted data; `undefined` when the file came without one. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** What became of every tensor of the file, as far as it belongs to this network. */
  readonly report: KeyReport;
}

/** The weights of a file that holds one network, with what belongs to nothing added to its report. */
export function soleComponent(
  store: WeightStore,
  part: FilePart,
  ignoreRules: readonly IgnoreRule[],
  config: Readonly<Record<string, unknown>> | undefined,
): ComponentWeights {
  const { parts, rest } = matchKeys(store.entries, [part], ignoreRules);
  const [match] = parts as [PartMatch];
  const component = componentOf(store, match, config);
  const { used, ignored, unknown } = component.report;
  const report = { used, ignored: [...ignored, ...rest.ignored], unknown: [...unknown, ...rest.unknown] };
  return { ...component, report };
}

/**
 * The weights of one network of a file.
 * @throws `weights-mismatch` when tensors are missing that the network cannot do without.
 */
export function componentOf(
  store: WeightStore,
  match: PartMatch,
  config: Readonly<Record<string, unknown>> | undefined,
): ComponentWeights {
  const { missing, report } = match;
  if (missing.length > 0) {
    const shown = missing.slice(0, 3).map((name) => `'${name}'`);
    const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
    throw new AnimateDiffError(
      'weights-mismatch',
      `${store.label} is incomplete: it has no ${shown.join(', ')}${more} (in diffusers' names). Download it again, or use another file`,
      {
        details: {
          file: store.label,
          missing: missing.slice(0, 20),
          unexpected: report.unknown.slice(0, 20),
        },
      },
    );
  }
  return { store: renamedStore(store, match.renames), config, report };
}

/** Closes all stores, each once, and then reports the first failure. */
export async function closeAll(stores: Iterable<{ close(): Promise<void> }>): Promise<void> {
  const results = await Promise.allSettled([...new Set(stores)].map((store) => store.close()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/**
 * Runs `build` on something just opened and closes it again when that fails; the first failure is the one reported.
 */
export async function orClose<T>(
  opened: { close(): Promise<void> },
  build: () => T | Promise<T>,
): Promise<T> {
  try {
    return await build();
  } catch (error) {
    await closeAll([opened]).catch(() => {});
    throw error;
  }
}

import type { WeightSource } from '../models/weight-source.js';
import { ldmUnetTable, originalMotionTable } from '../weights/names/locate.js';
import { motionLayout } from '../weights/names/motion-layout.js';
import { diffusersUnetLayout } from '../weights/names/unet-layout.js';
import { adapterError, quoted } from './adapter-errors.js';
import { weightPlace } from './adapter-scale.js';
import { motionAliases, textAliases, unetAliases } from './target-aliases.js';

/** Names and shapes of a network's weights. Any `WeightSource` is one. */
export type NamedShapes = Pick<WeightSource, 'label' | 'names' | 'shape'>;

/** The networks that adapters change. */
export interface TargetNetworks {
  /** The image UNet's weights, with the motion module's if there is one. */
  readonly unet?: NamedShapes | undefined;
  readonly textEncoder?: NamedShapes | undefined;
}

/** A layer that an adapter may change. */
export interface Target {
  /** Canonical path: the weight's name without `.weight`. */
  readonly path: string;
  /** Canonical name of the weight. */
  readonly weight: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Canonical name of the bias, when there is one. */
  readonly bias: string | undefined;
  /** Elements of the bias; 0 when there is none. */
  readonly biasSize: number;
}

/** All layers of a model by every name that adapter files call them. Exact names only. */
export interface TargetTable {
  /** For errors: the model's files. */
  readonly label: string;
  /** Alias → layer. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Whether the model has a motion module. */
  readonly hasMotion: boolean;
  /** Whether the motion module has a transformer in the middle block. */
  readonly hasMotionMid: boolean;
}

/**
 * Lists every name under which kohya, LyCORIS, PEFT, diffusers and the original AnimateDiff code know a model's layers.
 * @throws `weights-mismatch` when two layers of an unusual model would share a name.
 */
export function targetTable({ unet, textEncoder }: TargetNetworks): TargetTable {
  const label = [unet, textEncoder].flatMap((network) => network?.label ?? []).join(' + ');
  const targets = new Map<string, Target>();
  const paths = [unet, textEncoder].flatMap((network) => (network ? layersOf(network) : []));
  const originals = unet ? originalPaths(unet) : new Map<string, string[]>();
  for (const target of paths) {
    for (const alias of aliasesOf(target.path, originals.get(target.path) ?? [])) {
      const other = targets.get(alias);
      if (other && other.path !== target.path) {
        throw adapterError(
          label,
          `adapters would call two layers ${quoted(alias)}: ${other.path} and ${target.path}`,
        );
      }
      targets.set(alias, target);
    }
  }
  const motion = paths.filter(({ path }) => weightPlace(path).component === 'motion');
  const hasMotionMid = motion.some(({ path }) => path.startsWith('mid_block.'));
  return { label, targets, hasMotion: motion.length > 0, hasMotionMid };
}

const ending = '.weight';

function layersOf({ names, shape }: NamedShapes): Target[] {
  const targets: Target[] = [];
  for (const name of names) {
    const found = name.endsWith(ending) ? shape(name) : undefined;
    if (!found) continue;
    const path = name.slice(0, -ending.length);
    const bias = `${path}.bias`;
    const biasSize = shape(bias)?.[0];
    const known = biasSize === undefined ? undefined : bias;
    targets.push({ path, weight: name, shape: found, bias: known, biasSize: biasSize ?? 0 });
  }
  return targets;
}

/** Canonical path → the paths that the original code uses for it. */
function originalPaths({ names }: NamedShapes): Map<string, string[]> {
  const all = new Set(names);
  const unet = diffusersUnetLayout(all);
  const motion = motionLayout(all);
  const tables = [...(unet ? [ldmUnetTable(unet)] : []), ...(motion ? [originalMotionTable(motion)] : [])];
  const paths = new Map<string, string[]>();
  for (const [from, { to }] of tables.flatMap(({ targets }) => [...targets])) {
    if (!to.endsWith(ending) || !all.has(to)) continue;
    const path = to.slice(0, -ending.length);
    paths.set(path, [...(paths.get(path) ?? []), from.slice(0, -ending.length)]);
  }
  return paths;
}

function aliasesOf(path: string, originals: readonly string[]): string[] {
  const { component } = weightPlace(path);
  if (component === 'textEncoder') return textAliases(path);
  return component === 'motion' ? motionAliases(path, originals) : unetAliases(path, originals);
}

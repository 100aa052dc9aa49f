import type { AnimateDiffError } from '../core/errors.js';
import { elementCount } from '../core/tensor.js';
import type { Warning } from '../core/warnings.js';
import { adapterError, firstOf, quoted } from './adapter-errors.js';
import { motionTarget } from './adapter-kind.js';
import { type AdapterModule, conflict } from './adapter-module.js';
import type { OpenedAdapter } from './open-adapter.js';
import type { Target, TargetTable } from './target-table.js';

/** One module of an adapter and the layer of the model that it changes. */
export interface Placement {
  /** What changes the layer. */
  readonly module: AdapterModule;
  /** The layer. */
  readonly target: Target;
}

/** An adapter and where in a model it acts. Immutable. */
export interface PlacedAdapter {
  /** What was placed. */
  readonly opened: OpenedAdapter;
  /** In file order. */
  readonly placements: readonly Placement[];
  /** Canonical names of the weights and biases that it changes. */
  readonly weights: ReadonlySet<string>;
  /** Modules that the model has no layer for, as the file names them. */
  readonly unmatched: readonly string[];
  /** The adapter's own warnings, and what has no place in this model. */
  readonly warnings: readonly Warning[];
}

/**
 * Finds the layer of every module of an adapter.
 * @throws `weights-mismatch` when a module has another shape than its layer, two modules change one layer, or the model
 * has none of the layers.
 */
export function placeAdapter(opened: OpenedAdapter, table: TargetTable): PlacedAdapter {
  const placements: Placement[] = [];
  const unmatched: string[] = [];
  const taken = new Map<string, AdapterModule>();
  for (const module of opened.modules) {
    const target = table.targets.get(module.target);
    if (!target) {
      unmatched.push(module.target);
      continue;
    }
    checkShape(opened.label, module, target);
    const twin = taken.get(target.path);
    if (twin) throw conflict(opened.label, keyOf(twin), keyOf(module), `both change '${target.path}'`);
    taken.set(target.path, module);
    placements.push({ module, target });
  }
  if (placements.length === 0) throw noPlace(opened, table, unmatched);
  return {
    opened,
    placements,
    weights: new Set(placements.flatMap(changedNames)),
    unmatched,
    warnings: [...opened.warnings, ...placeWarnings(opened, table, unmatched)],
  };
}

/** True when a module changes its layer's bias. */
export function changesBias({ keys }: AdapterModule): boolean {
  return keys.has('biasDiff') || keys.has('upBias');
}

function changedNames({ module, target }: Placement): string[] {
  return [...(module.delta ? [target.weight] : []), ...(changesBias(module) ? [target.bias!] : [])];
}

function keyOf({ keys, target }: AdapterModule): string {
  return [...keys.values()][0] ?? target;
}

function checkShape(
  file: string,
  module: AdapterModule,
  { path, weight, shape, bias, biasSize }: Target,
): void {
  const { delta, parts } = module;
  if (delta && (shape[0] !== delta.rows || elementCount(shape) !== delta.rows * delta.columns)) {
    throw adapterError(
      file,
      `${quoted(keyOf(module))} changes a weight of ${delta.rows} rows and ${delta.columns} columns, but the model's '${weight}' is [${shape.join(', ')}]; the adapter was made for another model`,
      { tensor: keyOf(module), expected: shape, found: [delta.rows, delta.columns] },
    );
  }
  const magnitude = parts.shape('doraScale');
  if (magnitude && magnitude.length > 1 && magnitude[0] === 1 && elementCount(magnitude) !== (shape[1] ?? 1))
    parts.refuse(`does not fit '${weight}' [${shape.join(', ')}]`, 'doraScale');
  if (!changesBias(module)) return;
  if (bias === undefined) parts.refuse(`change a bias, but '${path}' has none`, 'biasDiff', 'upBias');
  const found = parts.shape('biasDiff') ?? parts.shape('upBias');
  if (found && elementCount(found) !== biasSize)
    parts.refuse(`does not fit '${bias}' of ${biasSize} elements`, 'biasDiff', 'upBias');
}

function noPlace(opened: OpenedAdapter, table: TargetTable, targets: readonly string[]): AnimateDiffError {
  const needsMotion = opened.kind === 'motion-lora' && !table.hasMotion;
  const message = needsMotion
    ? 'it changes a motion module, and the model has none'
    : `none of its layers is in ${table.label}: ${firstOf(targets)}; it was made for another model`;
  return adapterError(opened.label, message, { unexpected: targets.slice(0, 20) });
}

const motionMid = /(^|[._])mid_block[._]motion_modules[._]/;

function placeWarnings(
  { label }: OpenedAdapter,
  { hasMotion, hasMotionMid }: TargetTable,
  unmatched: readonly string[],
): Warning[] {
  const motion = unmatched.filter((target) => !hasMotion && motionTarget.test(target));
  const mid = unmatched.filter((target) => hasMotion && !hasMotionMid && motionMid.test(target));
  const known = new Set([...motion, ...mid]);
  const rest = unmatched.filter((target) => !known.has(target));
  return [
    ...warning(motion, 'adapter-needs-motion-module', (count) => {
      return `${label}: ${count} of its layers belong to a motion module, which the model does not have; they are left out`;
    }),
    ...warning(mid, 'motion-lora-mid-block-skipped', (count) => {
      return `${label}: ${count} of its layers belong to a middle block that this motion module does not have (it was made for AnimateDiff v2); they are left out, and the motion may be weaker`;
    }),
    ...warning(rest, 'adapter-layers-unmatched', (count) => {
      return `${label}: ${count} of its layers are not in this model and are left out: ${firstOf(rest)}`;
    }),
  ];
}

function warning(targets: readonly string[], code: string, message: (count: number) => string): Warning[] {
  return targets.length === 0 ? [] : [{ code, message: message(targets.length) }];
}

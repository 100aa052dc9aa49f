import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import type { Warning } from '../core/warnings.js';
import type { WeightSource } from '../models/weight-source.js';
import { addBiasDelta, addWeightDelta } from './adapter-delta.js';
import type { AdapterReadOptions } from './adapter-gain.js';
import { scaleOf } from './adapter-scale.js';
import { changesBias, type PlacedAdapter, type Placement } from './place-adapter.js';

/** Options of {@link adaptedWeights}. */
export interface AdaptedWeightsOptions {
  /** Told what is found when tensors are read; once for each adapter and code. */
  onWarning?: ((warning: Warning) => void) | undefined;
  /** Which modules are merged; all unless given. */
  merges?: ((placement: Placement) => boolean) | undefined;
}

interface Contribution {
  readonly placed: PlacedAdapter;
  readonly placement: Placement;
  readonly role: 'weight' | 'bias';
  readonly scale: number;
}

/** Changes when an improved formula gives other weights for the same files. */
const formulas = 'adapters/1';

/**
 * A network's weights with adapters added. Nothing is read before a weight is asked for; weights that no adapter
 * touches, or only with scale 0, come as `base` gives them. Adapters are added one after the other, so their order matters to
 * rounding only. Live adapters are not added.
 */
export function adaptedWeights(
  base: WeightSource,
  placed: readonly PlacedAdapter[],
  { onWarning, merges = () => true }: AdaptedWeightsOptions = {},
): WeightSource {
  const byName = contributions(base, placed, merges);
  const told = new Set<string>();
  const tell = ({ opened }: PlacedAdapter, warning: Warning): void => {
    const key = `${warning.code} ${opened.adapter.name}`;
    if (!told.has(key)) onWarning?.(warning);
    told.add(key);
  };
  return {
    label: base.label,
    names: base.names,
    shape: (name) => base.shape(name),
    async read(name, options = {}) {
      const original = await base.read(name, options);
      const list = byName.get(name);
      if (!list) return original;
      const values = original.slice();
      for (const contribution of list) {
        const onFound = (warning: Warning): void => tell(contribution.placed, warning);
        await contribute(values, original, contribution, { signal: options.signal, onWarning: onFound });
        checkFinite(values, name, contribution.placed);
      }
      return values;
    },
    async identity(options) {
      const own = await base.identity(options);
      const active = placed.filter((one) => touches(one, byName));
      if (own === undefined || active.length === 0) return own;
      const parts = await Promise.all(
        active.map(async ({ opened }) => {
          const identity = await opened.tensors.identity(options);
          return identity && JSON.stringify([identity, opened.adapter.scale, opened.adapter.mode]);
        }),
      );
      return parts.includes(undefined) ? undefined : `${own}+${formulas}(${parts.join()})`;
    },
  };
}

function contributions(
  base: WeightSource,
  adapters: readonly PlacedAdapter[],
  merges: (placement: Placement) => boolean,
): Map<string, Contribution[]> {
  const byName = new Map<string, Contribution[]>();
  const add = (
    name: string,
    placed: PlacedAdapter,
    placement: Placement,
    role: Contribution['role'],
  ): void => {
    const scale = scaleOf(placed.opened.adapter.scale, name);
    if (scale === 0 || base.shape(name) === undefined) return;
    const list = byName.get(name) ?? [];
    byName.set(name, [...list, { placed, placement, role, scale }]);
  };
  for (const placed of adapters.filter(({ opened }) => opened.adapter.mode === 'fused')) {
    for (const placement of placed.placements) {
      if (!merges(placement)) continue;
      const { module, target } = placement;
      if (module.delta) add(target.weight, placed, placement, 'weight');
      if (changesBias(module)) add(target.bias!, placed, placement, 'bias');
    }
  }
  return byName;
}

function touches(placed: PlacedAdapter, byName: ReadonlyMap<string, readonly Contribution[]>): boolean {
  return [...byName.values()].some((list) => list.some((contribution) => contribution.placed === placed));
}

function contribute(
  values: Float32Array,
  original: Float32Array,
  { placed, placement, role, scale }: Contribution,
  options: AdapterReadOptions,
): Promise<void> {
  const { opened } = placed;
  if (role === 'bias') return addBiasDelta(values, opened, placement.module, scale, options);
  return addWeightDelta(values, original, opened, placement.module, scale, options);
}

function checkFinite(values: Float32Array, name: string, { opened }: PlacedAdapter): void {
  if (firstNonFinite(values) < 0) return;
  throw new AnimateDiffError(
    'numerics',
    `${opened.label} makes '${name}' infinite: its values or its scale are too large`,
    { details: { file: opened.label, tensor: name, scale: opened.adapter.scale } },
  );
}

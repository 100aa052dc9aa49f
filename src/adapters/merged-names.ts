import { type AdapterScale, scaleOf } from './adapter-scale.js';
import type { PlacedAdapter } from './place-adapter.js';

/** Canonical names of the weights and biases that a fused adapter changes, whatever its scale; none for live ones. */
export function mergedNames({ opened, weights }: PlacedAdapter): ReadonlySet<string> {
  return opened.adapter.mode === 'fused' ? weights : new Set();
}

/** Canonical names of the weights whose merged values differ between two scales of an adapter. */
export function namesChangedByScale(
  placed: PlacedAdapter,
  from: AdapterScale,
  to: AdapterScale,
): Set<string> {
  const names = [...mergedNames(placed)];
  return new Set(names.filter((name) => scaleOf(from, name) !== scaleOf(to, name)));
}

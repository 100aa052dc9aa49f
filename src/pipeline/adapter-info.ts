import type { Adapter } from '../adapters/adapter.js';
import type { AdapterMode, AdapterScale } from '../adapters/adapter-scale.js';
import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { Warning } from '../core/warnings.js';
import type { WeightEntry } from './active-adapters.js';

/** An adapter in use. Plain data. */
export interface AdapterInfo {
  /** Under which it is changed and removed. */
  readonly name: string;
  readonly kind: Adapter['kind'];
  /** The file. */
  readonly label: string;
  /** What the file holds, in a sentence. */
  readonly summary: string;
  /** `undefined` for textual inversions. */
  readonly scale: AdapterScale | undefined;
  /** `undefined` for textual inversions. */
  readonly mode: AdapterMode | undefined;
  /** The word that stands for a textual inversion in prompts; `undefined` for others. */
  readonly token: string | undefined;
  /** Layers that it changes; 0 for textual inversions. */
  readonly layers: number;
  /** What was found while it was opened. */
  readonly warnings: readonly Warning[];
}

/** What is told of an adapter. */
export function infoOf(entry: WeightEntry | TextualInversion): AdapterInfo {
  if ('vectors' in entry) {
    const { adapter, label, summary, token } = entry;
    const none = { scale: undefined, mode: undefined, layers: 0, warnings: [] };
    return { name: adapter.name, kind: adapter.kind, label, summary, token, ...none };
  }
  const { opened, placements, warnings } = entry.placed;
  const { name, kind, scale, mode } = opened.adapter;
  const { label, summary } = opened;
  return { name, kind, label, summary, scale, mode, token: undefined, layers: placements.length, warnings };
}

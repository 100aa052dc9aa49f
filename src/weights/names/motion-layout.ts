import { type BlockLayout, blockLayout, blockRanges, withDepth } from './block-layout.js';
import { countIndexed, range, transformerDepth } from './count-indexed.js';
import type { PlaceRanges } from './key-rule.js';

/** The size of a motion module. */
export interface MotionLayout extends BlockLayout {
  /** Motion transformers in the middle block: 0 or 1 in every known file. */
  readonly midLayers: number;
}

/** Reads the layout from the names of a motion module, in either naming (prefix removed). */
export function motionLayout(names: ReadonlySet<string>): MotionLayout | undefined {
  const ours = [...names].filter((name) => name.includes('motion_modules.'));
  const levels = countIndexed(ours, 'down_blocks.');
  const layers = countIndexed(ours, 'down_blocks.0.motion_modules.');
  const midLayers = countIndexed(ours, 'mid_block.motion_modules.');
  const layout = blockLayout(levels, layers, transformerDepth(ours));
  return layout && midLayers <= 8 ? { ...layout, midLayers } : undefined;
}

/** All places of a motion module: one after every layer of every down and up block, and in the middle block. */
export function motionRanges(layout: MotionLayout): PlaceRanges {
  const mid = range(layout.midLayers).map((layer) => ({ layer }));
  return { ...blockRanges(layout), mid, midDepth: withDepth(mid, layout.depth) };
}

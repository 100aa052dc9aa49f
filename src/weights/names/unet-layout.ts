import { type BlockLayout, blockLayout } from './block-layout.js';
import { countIndexed, range, transformerDepth } from './count-indexed.js';

/**
 * Reads the layout from latent-diffusion names (prefix removed). Every downsampler must stand where equal levels put
 * it; `undefined` for anything irregular, such as models with layers cut out.
 */
export function ldmUnetLayout(names: ReadonlySet<string>): BlockLayout | undefined {
  const inputs = countIndexed(names, 'input_blocks.');
  const outputs = countIndexed(names, 'output_blocks.');
  const samplers = range(Math.min(inputs, 1000)).filter((index) =>
    names.has(`input_blocks.${index}.0.op.weight`),
  );
  const levels = samplers.length + 1;
  const perLevel = inputs / levels;
  const regular = samplers.every((input, level) => input === (level + 1) * perLevel);
  if (!regular || outputs !== inputs) return undefined;
  return blockLayout(levels, perLevel - 1, transformerDepth(names));
}

/** Reads the layout from diffusers names (prefix removed); `undefined` unless all levels have equally many layers. */
export function diffusersUnetLayout(names: ReadonlySet<string>): BlockLayout | undefined {
  const levels = countIndexed(names, 'down_blocks.');
  const layers = countIndexed(names, 'down_blocks.0.resnets.');
  const layout = blockLayout(levels, layers, transformerDepth(names));
  if (!layout || countIndexed(names, 'up_blocks.') !== levels) return undefined;
  const regular = range(levels).every(
    (level) =>
      countIndexed(names, `down_blocks.${level}.resnets.`) === layers &&
      countIndexed(names, `up_blocks.${level}.resnets.`) === layers + 1,
  );
  return regular ? layout : undefined;
}

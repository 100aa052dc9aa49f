import { resolve } from 'node:path';

const models = resolve(import.meta.dirname, '../../../models/toy');

/** Arguments that name the toy model and what suits it. */
export const toyModel = [
  ...['--checkpoint', resolve(models, 'model')],
  ...['--motion', resolve(models, 'motion/toy-motion.safetensors'), '--motion-group-norm', 'diffusers'],
];

/** Arguments of a generation with the toy model, but for its size. */
export const toy = [...toyModel, '--guidance', '5', '--prompt', 'a red circle on a black background'];

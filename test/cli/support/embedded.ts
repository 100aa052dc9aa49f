import { resolve } from 'node:path';

const models = resolve(import.meta.dirname, '../../../models/embedded');

/** Arguments that name the embedded model. */
export const embeddedModel = [
  ...['--checkpoint', resolve(models, 'model')],
  ...['--motion', resolve(models, 'motion/motion-module.safetensors')],
];

/** Arguments of a generation with the embedded model, but for its size. */
export const embedded = [
  ...embeddedModel,
  '--guidance',
  '3',
  '--prompt',
  'a red circle on a black background',
];

import type { WeightSource } from '../models/weight-source.js';
import type { StartValue } from './train-unet.js';

/** Weights as they are, to begin training from. */
export async function startValues(
  weights: WeightSource,
  names: Iterable<string> = weights.names,
): Promise<Map<string, StartValue>> {
  const start = new Map<string, StartValue>();
  for (const name of names) {
    // A copy: what reading gives may be the file's own.
    start.set(name, { shape: weights.shape(name)!, values: (await weights.read(name)).slice() });
  }
  return start;
}

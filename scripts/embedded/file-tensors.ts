import { bytesSource } from '../../src/core/bytes-source.ts';
import { storeWeights } from '../../src/models/store-weights.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { openWeights } from '../../src/weights/open-weights.ts';

/** The tensors of a safetensors file. */
export async function tensorsOf(file: Uint8Array): Promise<ReadonlyMap<string, StartValue>> {
  const store = await openWeights(bytesSource(file, { name: 'trained weights' }));
  const weights = storeWeights(store);
  const values = new Map<string, StartValue>();
  for (const name of weights.names) {
    values.set(name, { shape: weights.shape(name)!, values: await weights.read(name) });
  }
  await store.close();
  return values;
}

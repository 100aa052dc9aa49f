import { bytesSource } from '../../src/core/bytes-source.ts';
import { storeWeights } from '../../src/models/store-weights.ts';
import { startValues } from '../../src/training/start-values.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { openWeights } from '../../src/weights/open-weights.ts';

/** The tensors of a safetensors file. */
export async function tensorsOf(file: Uint8Array): Promise<ReadonlyMap<string, StartValue>> {
  const store = await openWeights(bytesSource(file, { name: 'trained weights' }));
  const values = await startValues(storeWeights(store));
  await store.close();
  return values;
}

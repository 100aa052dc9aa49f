import type { ModelSource, ReadOptions } from '../core/source.js';
import { identify } from '../weights/identify.js';
import { type Adapter, domainAdapter, lora, motionLora, textualInversion } from './adapter.js';
import { openAdapterFile } from './adapter-file.js';
import { kindOfModules } from './adapter-kind.js';
import { groupKeys } from './adapter-module.js';
import type { AdapterOptions, TextualInversionOptions } from './adapter-options.js';
import { openedAdapter } from './open-adapter.js';
import { describeTextualInversion, findVectors } from './textual-inversion-file.js';

/** The adapter that a file holds, see `loadAdapter`. @throws as that does. */
export async function adapterOfFile(
  source: ModelSource,
  options: AdapterOptions & TextualInversionOptions,
  reading: ReadOptions,
): Promise<Adapter> {
  const file = await openAdapterFile(source, reading);
  try {
    const { entries, metadata } = file.store;
    if (identify(entries, metadata).kind === 'textual-inversion') {
      const adapter = textualInversion(source, options);
      return Object.freeze({ ...adapter, summary: describeTextualInversion(findVectors(file.store)) });
    }
    const make = { lora, 'motion-lora': motionLora, 'domain-adapter': domainAdapter };
    const adapter = make[kindOfModules(groupKeys(file.store).modules)](source, options);
    return Object.freeze({ ...adapter, summary: openedAdapter(adapter, file).summary });
  } finally {
    await file.store.close();
  }
}

import type { ModelSource, ReadOptions } from '../core/source.js';
import { identify } from '../weights/identify.js';
import { type Adapter, domainAdapter, lora, motionLora, textualInversion } from './adapter.js';
import { openAdapterFile } from './adapter-file.js';
import { kindOfModules } from './adapter-kind.js';
import { groupKeys } from './adapter-module.js';
import type { AdapterOptions, TextualInversionOptions } from './adapter-options.js';
import { openedAdapter } from './open-adapter.js';
import { describeTextualInversion, findVectors } from './textual-inversion-file.js';

/** Options of `loadAdapter`: those that do not belong to the kind that is found are refused. */
export interface LoadAdapterOptions extends AdapterOptions, TextualInversionOptions, ReadOptions {}

/**
 * Tells by a file's header which kind of adapter it is, and makes the adapter, with a `summary` of what the file
 * holds. The file is closed again.
 * @throws `invalid-options`; `weights-format`, `weights-mismatch` and `unsupported` for files that cannot be used.
 */
export async function loadAdapter(source: ModelSource, options: LoadAdapterOptions = {}): Promise<Adapter> {
  const { signal, ...rest } = options ?? {};
  // Checks the source before it is used; a wrong option is found once the kind is known.
  lora(source);
  const file = await openAdapterFile(source, { signal });
  try {
    const { entries, metadata } = file.store;
    if (identify(entries, metadata).kind === 'textual-inversion') {
      const adapter = textualInversion(source, rest);
      return Object.freeze({ ...adapter, summary: describeTextualInversion(findVectors(file.store)) });
    }
    const make = { lora, 'motion-lora': motionLora, 'domain-adapter': domainAdapter };
    const adapter = make[kindOfModules(groupKeys(file.store).modules)](source, rest);
    return Object.freeze({ ...adapter, summary: openedAdapter(adapter, file).summary });
  } finally {
    await file.store.close();
  }
}

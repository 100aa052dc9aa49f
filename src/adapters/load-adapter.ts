import type { ModelSource, ReadOptions } from '../core/source.js';
import { type Adapter, lora } from './adapter.js';
import type { AdapterOptions, TextualInversionOptions } from './adapter-options.js';

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
  const { adapterOfFile } = await import('./adapter-of-file.js');
  return adapterOfFile(source, rest, { signal });
}

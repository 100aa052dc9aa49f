import { openAdapter } from '../adapters/open-adapter.js';
import {
  type FileIdentity,
  loadAdapter,
  type ModelSource,
  type ReadOptions,
  type Warning,
} from '../index.js';

/** The kinds of files that `adapters` takes. */
const kinds: readonly FileIdentity['kind'][] = ['lora', 'motion-lora', 'domain-adapter', 'textual-inversion'];

/** What an adapter's header tells beyond what the file is. */
export interface AdapterFacts {
  /** In words: methods, layers, ranks, vectors. */
  readonly contents: string | undefined;
  readonly warnings: readonly Warning[];
}

/** Opens a file as the adapter that it is; `undefined` for others. Everything is closed again. @throws what opening does. */
export async function adapterFactsOf(
  source: ModelSource,
  { kind }: FileIdentity,
  options: ReadOptions,
): Promise<AdapterFacts | undefined> {
  if (!kinds.includes(kind)) return undefined;
  const adapter = await loadAdapter(source, options);
  if (adapter.kind === 'textual-inversion') return { contents: contentsOf(adapter.summary), warnings: [] };
  const opened = await openAdapter(adapter, options);
  await opened.close();
  return { contents: contentsOf(opened.summary), warnings: opened.warnings };
}

/** What the file is has been said already. */
function contentsOf(summary: string | undefined): string | undefined {
  return summary?.replace(/^[^:]*: (.*)\.$/, '$1');
}

import { AnimateDiffError, type FileIdentity, type ModelSource, type Warning } from '../index.js';
import { openCheckpoint } from '../weights/checkpoint.js';
import type { OpenModelOptions } from '../weights/checkpoint-files.js';
import { openMotionModule } from '../weights/motion-module.js';
import type { KeyReport } from '../weights/names/match-keys.js';
import { openVae } from '../weights/vae.js';
import { adapterFactsOf } from './inspect-adapter.js';

/** What of a file would not be used, and why. */
export interface Leftovers {
  /** Tensors left out on purpose, counted by reason. */
  readonly ignored: readonly { readonly reason: string; readonly count: number }[];
  /** Names of tensors that nothing knows. */
  readonly unknown: readonly string[];
  readonly warnings: readonly Warning[];
  /** Of adapters only: what there is in it, in words. */
  readonly contents?: string | undefined;
  /** Why the file could not be used as what it is, such as a tensor that is missing. */
  readonly problem?: string | undefined;
}

/** Opens a file as what it is; `undefined` for kinds that nothing opens. Everything is closed again. */
export async function leftoversOf(
  source: ModelSource,
  identity: FileIdentity,
  options: OpenModelOptions,
): Promise<Leftovers | undefined> {
  const { kind } = identity;
  try {
    const adapter = await adapterFactsOf(source, identity, { signal: options.signal });
    if (adapter) return { ignored: [], unknown: [], ...adapter };
    if (kind === 'motion-module' || kind === 'vae') {
      const opened = await (kind === 'vae' ? openVae : openMotionModule)(source, options);
      await opened.close();
      return leftovers([opened.report], opened.warnings);
    }
    const ofFolder = source.kind === 'folder' && (kind === 'unet' || kind === 'text-encoder');
    if (!ofFolder && kind !== 'checkpoint' && kind !== 'unet') return undefined;
    const model = await openCheckpoint(source, options);
    await model.close();
    const { unet, vae, textEncoder, leftovers: rest } = model;
    // The networks of a folder are told one by one.
    if (ofFolder && kind === 'text-encoder') return leftovers([textEncoder?.report], []);
    if (ofFolder) return leftovers([unet.report], model.warnings);
    return leftovers([unet.report, vae?.report, textEncoder?.report, rest], model.warnings);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!AnimateDiffError.isInstance(error)) throw error;
    return { ignored: [], unknown: [], warnings: [], problem: error.message };
  }
}

function leftovers(reports: readonly (KeyReport | undefined)[], warnings: readonly Warning[]): Leftovers {
  const counts = new Map<string, number>();
  for (const { reason } of reports.flatMap((report) => report?.ignored ?? [])) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return {
    ignored: [...counts].map(([reason, count]) => ({ reason, count })),
    unknown: reports.flatMap((report) => report?.unknown ?? []),
    warnings,
  };
}

import { AnimateDiffError } from '../core/errors.js';
import type { FolderSource, ModelSource } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import { type ComponentWeights, orClose } from './checkpoint-component.js';
import { diffusersFiles, type OpenModelOptions, openFolderWeights } from './checkpoint-files.js';
import { unknownTensorWarnings, vaeWarnings } from './checkpoint-warnings.js';
import { openContainer } from './containers/open-container.js';
import { vaeComponent } from './vae-component.js';
import type { WeightStore } from './weight-store.js';

/** An opened VAE. Immutable. */
export interface VaeFile extends ComponentWeights {
  /** For errors and events: the name of the file. */
  readonly label: string;
  /** Unknown tensors, and a config of another model family. */
  readonly warnings: readonly Warning[];
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a VAE: a file of its own or a whole checkpoint, in latent-diffusion or diffusers names, or a diffusers folder
 * (the VAE's own, or a model's with `vae/`). On failure everything that was opened is closed.
 * @throws `weights-mismatch` when the file is of another kind or incomplete; `weights-format` when it is broken.
 */
export async function openVae(source: ModelSource, options: OpenModelOptions = {}): Promise<VaeFile> {
  if (source.kind === 'folder') return openVaeFolder(source, options);
  return orClose(source, async () => {
    const store = await openContainer(source, { signal: options.signal });
    return orClose(store, () => vaeFile(store, undefined));
  });
}

async function openVaeFolder(folder: FolderSource, options: OpenModelOptions): Promise<VaeFile> {
  const found =
    (await openFolderWeights(folder, '', diffusersFiles, options)) ??
    (await openFolderWeights(folder, 'vae', diffusersFiles, options));
  if (found) return orClose(found.store, () => vaeFile(found.store, found.config));
  throw new AnimateDiffError(
    'weights-mismatch',
    `${folder.name} has no VAE weights (diffusion_pytorch_model.safetensors, at its top or in vae/)`,
    { details: { file: folder.name, option: 'vae' } },
  );
}

/** Takes an opened file as a VAE, which owns the store from then on. */
export function vaeFile(store: WeightStore, config: Readonly<Record<string, unknown>> | undefined): VaeFile {
  const component = vaeComponent(store, config);
  return {
    ...component,
    label: store.label,
    warnings: [...unknownTensorWarnings(store.label, component.report), ...vaeWarnings(store.label, config)],
    close: () => store.close(),
  };
}

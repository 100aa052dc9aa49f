import type { ByteSource, ModelSource } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import type { ComponentWeights } from './checkpoint-component.js';
import type { OpenModelOptions } from './checkpoint-files.js';
import { openFolderCheckpoint } from './checkpoint-folder.js';
import { openSingleFileCheckpoint } from './checkpoint-single-file.js';
import type { FileIdentity } from './identify.js';
import type { KeyReport } from './names/match-keys.js';

/** An opened image model: headers are read, tensors are not. Immutable. */
export interface Checkpoint {
  /** A diffusers folder, or one file with everything. */
  readonly form: 'folder' | 'single-file';
  /** For errors and events: the name of the source. */
  readonly label: string;
  /** What the file is; of a folder, what its UNet is. */
  readonly identity: FileIdentity;
  /** The image UNet, under diffusers' names. */
  readonly unet: ComponentWeights;
  /** The VAE; `undefined` when the model comes without one: give a VAE of its own. */
  readonly vae: ComponentWeights | undefined;
  /** The CLIP text encoder; `undefined` when the model comes without one. */
  readonly textEncoder: ComponentWeights | undefined;
  /** Of folders that have them; single files have none and use CLIP's own vocabulary. */
  readonly tokenizerFiles: TokenizerFiles | undefined;
  /** `scheduler/scheduler_config.json` as untrusted data, of folders that have it. */
  readonly schedulerConfig: Readonly<Record<string, unknown>> | undefined;
  /** What became of the tensors of a single file that belong to none of its networks. */
  readonly leftovers: KeyReport;
  /** Mixed variants, unknown tensors, and signs of a model that was trained otherwise. */
  readonly warnings: readonly Warning[];
  /** Closes every file that was opened. */
  close(): Promise<void>;
}

/** A CLIP tokenizer's files, unread. */
export interface TokenizerFiles {
  /** `vocab.json`. */
  readonly vocab: ByteSource;
  /** `merges.txt`. */
  readonly merges: ByteSource;
  /** `tokenizer_config.json`. */
  readonly config: ByteSource | undefined;
}

/**
 * Opens a Stable Diffusion 1.x model: a diffusers folder, or a single file under latent-diffusion or diffusers names,
 * in safetensors or torch form (told by content). On failure everything that was opened is closed.
 * @throws `weights-mismatch` when the file is of another kind (the message names the option it belongs to) or
 * incomplete; `weights-format` when it is broken; `unsupported` for scaled 8-bit weights; `invalid-options` for a
 * `variant` that is no word.
 */
export function openCheckpoint(source: ModelSource, options: OpenModelOptions = {}): Promise<Checkpoint> {
  return source.kind === 'folder'
    ? openFolderCheckpoint(source, options)
    : openSingleFileCheckpoint(source, options);
}

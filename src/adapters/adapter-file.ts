import { AnimateDiffError } from '../core/errors.js';
import type { FolderSource, ModelSource, ReadOptions } from '../core/source.js';
import { orClose } from '../weights/checkpoint-component.js';
import { diffusersFiles, openFolderWeights, type WeightFileNames } from '../weights/checkpoint-files.js';
import { readJsonObject } from '../weights/checkpoint-json.js';
import { openContainer } from '../weights/containers/open-container.js';
import type { WeightStore } from '../weights/weight-store.js';

/** An adapter's weights and what lies beside them. */
export interface AdapterFile {
  /** The file, under its own names. */
  readonly store: WeightStore;
  /** PEFT's `adapter_config.json`, as untrusted data. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
}

/** How diffusers, PEFT and the published MotionLoRAs name the one file of a folder. */
const fileNames: readonly WeightFileNames[] = [
  { safetensors: 'pytorch_lora_weights', torch: 'pytorch_lora_weights' },
  { safetensors: 'adapter_model', torch: 'adapter_model' },
  { safetensors: 'learned_embeds', torch: 'learned_embeds' },
  diffusersFiles,
];

/**
 * Opens the file of an adapter, which may lie in a folder as Hugging Face repositories have it. Only headers are read.
 * @throws `weights-format`; `weights-mismatch` when a folder has no such file.
 */
export async function openAdapterFile(source: ModelSource, options: ReadOptions): Promise<AdapterFile> {
  if (source.kind === 'file') return { store: await openContainer(source, options), config: undefined };
  for (const names of fileNames) {
    const found = await openFolderWeights(source, '', names, options);
    if (found) return orClose(found.store, () => withConfig(found.store, source, options));
  }
  const tried = fileNames.map(({ safetensors }) => `${safetensors}.safetensors`).join(', ');
  throw new AnimateDiffError(
    'weights-mismatch',
    `${source.name} has no adapter file (${tried}); give the file itself`,
    {
      details: { file: source.name },
    },
  );
}

async function withConfig(
  store: WeightStore,
  folder: FolderSource,
  options: ReadOptions,
): Promise<AdapterFile> {
  const file = await folder.file('adapter_config.json', options);
  return { store, config: file && (await readJsonObject(file, options)) };
}

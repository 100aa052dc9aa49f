import {
  type ByteSource,
  type FileIdentity,
  type FolderSource,
  identify,
  type ModelSource,
  openWeights,
  type ReadOptions,
  type WeightStore,
} from '../index.js';
import {
  diffusersFiles,
  type OpenModelOptions,
  openFolderWeights,
  transformersFiles,
  type WeightFileNames,
} from '../weights/checkpoint-files.js';
import { leftoversOf } from './inspect-leftovers.js';
import type { Inspected } from './inspect-text.js';

/** Where a folder has weights: a pipeline's networks, or one network or adapter at the top. */
const components: readonly (readonly [directory: string, names: WeightFileNames])[] = [
  ['unet', diffusersFiles],
  ['vae', diffusersFiles],
  ['text_encoder', transformersFiles],
  ['motion_adapter', diffusersFiles],
  ['', diffusersFiles],
  ...['pytorch_lora_weights', 'adapter_model', 'learned_embeds'].map(
    (name) => ['', { safetensors: name, torch: name }] as const,
  ),
];

/**
 * Tells what one weight file is.
 * @param again The same file once more, for those who close what they open.
 */
export async function inspectFile(
  source: ByteSource,
  again: () => ModelSource,
  options: ReadOptions,
): Promise<Inspected> {
  const bytes = await source.size(options);
  return inspected(await openWeights(source, options), bytes, again(), options);
}

/** Tells what each network or adapter of a folder is. */
export async function inspectFolder(folder: FolderSource, options: OpenModelOptions): Promise<Inspected[]> {
  const found: Inspected[] = [];
  for (const [directory, names] of components) {
    const weights = await openFolderWeights(folder, directory, names, options);
    if (weights === undefined) continue;
    const bytes = await sizeOf(folder, weights.path, options);
    found.push(await inspected(weights.store, bytes, folder, options));
  }
  return found;
}

/** Of several files, which an index names, the size is not told. */
async function sizeOf(folder: FolderSource, path: string, options: ReadOptions): Promise<number | undefined> {
  const file = path.endsWith('.json') ? undefined : await folder.file(path, options);
  try {
    return await file?.size(options);
  } finally {
    await file?.close();
  }
}

async function inspected(
  store: WeightStore,
  bytes: number | undefined,
  source: ModelSource,
  options: OpenModelOptions,
): Promise<Inspected> {
  try {
    const identity: FileIdentity = identify(store.entries, store.metadata);
    const leftovers = await leftoversOf(source, identity, options);
    const tensors = [...store.entries.values()];
    return { label: store.label, bytes, identity, leftovers, metadata: [...store.metadata], tensors };
  } finally {
    await store.close();
  }
}

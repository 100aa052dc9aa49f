import { AnimateDiffError } from '../core/errors.js';
import type { ByteSource, FolderSource, ReadOptions } from '../core/source.js';
import { orClose } from './checkpoint-component.js';
import { readJsonObject } from './checkpoint-json.js';
import { openContainer } from './containers/open-container.js';
import { openShardedSafetensors } from './containers/sharded-safetensors.js';
import type { WeightStore } from './weight-store.js';

/** Options of everything that opens a model. */
export interface OpenModelOptions extends ReadOptions {
  /**
   * Which of a folder's several versions to prefer: `'fp16'` picks `diffusion_pytorch_model.fp16.safetensors`. Files
   * without a variant are preferred unless given; single files have none.
   */
  variant?: string | undefined;
}

/** A network's weights as found in a folder. */
export interface FolderWeights {
  /** The file, under its own names. */
  readonly store: WeightStore;
  /** Of the file that was picked, relative to the folder. */
  readonly path: string;
  /** The picked file's variant; `undefined` for the plain one. */
  readonly variant: string | undefined;
  /** The directory's `config.json`, as untrusted data. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
}

interface Candidate {
  readonly path: string;
  readonly sharded: boolean;
  readonly variant: string | undefined;
}

/** File names, without extension, of a kind of network. */
export interface WeightFileNames {
  /** Without `.safetensors`. */
  readonly safetensors: string;
  /** Without `.bin`. */
  readonly torch: string;
}

/** How diffusers names its networks' weights. */
export const diffusersFiles: WeightFileNames = {
  safetensors: 'diffusion_pytorch_model',
  torch: 'diffusion_pytorch_model',
};

/** How transformers names its networks' weights. */
export const transformersFiles: WeightFileNames = { safetensors: 'model', torch: 'pytorch_model' };

// Tried when neither the wanted nor the plain file is there; folders with half-precision files only are common.
const otherVariants = ['fp16', 'bf16', 'non_ema', 'fp32'];

/**
 * Opens the weights and the `config.json` of one network of a folder: the wanted variant before the plain files,
 * safetensors before torch, and any other variant last. `undefined` when the directory has none.
 * @param directory Relative path; `''` for the folder itself.
 * @throws `invalid-options` when `variant` is no plain word; what opening the file throws.
 */
export async function openFolderWeights(
  folder: FolderSource,
  directory: string,
  names: WeightFileNames,
  { variant, signal }: OpenModelOptions = {},
): Promise<FolderWeights | undefined> {
  for (const candidate of candidates(directory, names, checkedVariant(variant))) {
    const file = await folder.file(candidate.path, { signal });
    if (!file) continue;
    return await orClose(file, () => openPicked(folder, directory, candidate, file, { signal }));
  }
  return undefined;
}

async function openPicked(
  folder: FolderSource,
  directory: string,
  { path, sharded, variant }: Candidate,
  file: ByteSource,
  options: ReadOptions,
): Promise<FolderWeights> {
  const configFile = await folder.file(inside(directory, 'config.json'), options);
  const config = configFile && (await readJsonObject(configFile, options));
  const store = sharded
    ? await openShardedSafetensors(folder, path, options)
    : await openContainer(file, options);
  return { store, path, variant, config };
}

function candidates(directory: string, names: WeightFileNames, variant: string | undefined): Candidate[] {
  const fallbacks = otherVariants.filter((other) => other !== variant);
  const list = [
    ...safetensorsFiles(names.safetensors, variant),
    ...(variant === undefined ? [] : safetensorsFiles(names.safetensors, undefined)),
    torchFile(names.torch, variant),
    ...(variant === undefined ? [] : [torchFile(names.torch, undefined)]),
    ...fallbacks.flatMap((other) => safetensorsFiles(names.safetensors, other)),
    ...fallbacks.map((other) => torchFile(names.torch, other)),
  ];
  return list.map((candidate) => ({ ...candidate, path: inside(directory, candidate.path) }));
}

/** The whole file first, then an index of shards in the spellings that diffusers has used. */
function safetensorsFiles(base: string, variant: string | undefined): Candidate[] {
  const file = { sharded: false, variant };
  const index = { sharded: true, variant };
  if (variant === undefined) {
    return [
      { ...file, path: `${base}.safetensors` },
      { ...index, path: `${base}.safetensors.index.json` },
    ];
  }
  return [
    { ...file, path: `${base}.${variant}.safetensors` },
    { ...index, path: `${base}.safetensors.index.${variant}.json` },
    { ...index, path: `${base}.safetensors.${variant}.index.json` },
  ];
}

function torchFile(base: string, variant: string | undefined): Candidate {
  const path = variant === undefined ? `${base}.bin` : `${base}.${variant}.bin`;
  return { path, sharded: false, variant };
}

function inside(directory: string, path: string): string {
  return directory === '' ? path : `${directory}/${path}`;
}

function checkedVariant(variant: string | undefined): string | undefined {
  if (variant === undefined || /^\w[\w-]{0,31}$/.test(variant)) return variant;
  throw new AnimateDiffError('invalid-options', `'variant' must be a word such as 'fp16', got '${variant}'`, {
    details: { option: 'variant', value: variant },
  });
}

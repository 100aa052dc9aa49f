import type { FolderSource } from 'animatediff-js';
import { type KeepOptions, keptFile } from './kept-source.js';
import type { ModelChoice } from './model-choice.js';

/** A digest of the built-in model's files, which the build puts in: a newer page wants the newer files. */
declare const modelEdition: string;

/** The files of `models/embedded/model`; a folder behind a plain web server cannot be listed. */
const files: readonly string[] = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'tokenizer/merges.txt',
  'tokenizer/special_tokens_map.json',
  'tokenizer/tokenizer_config.json',
  'tokenizer/vocab.json',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
  'vae/config.json',
  'vae/diffusion_pytorch_model.safetensors',
];

/** What the built-in model wants, as its model card says. */
export const builtInSettings = { numFrames: 16, width: 64, height: 64, steps: 25, guidanceScale: 3 } as const;

/** The prompt that the page begins with. */
export const builtInPrompt = 'a red circle on a black background, moving right';

/** The small model that comes with the page. Nothing is fetched before it is used. */
export function builtInModel({ onProgress }: KeepOptions): ModelChoice {
  const options: KeepOptions = { onProgress, edition: modelEdition };
  const base = new URL('embedded/', document.baseURI);
  const folder: FolderSource = {
    kind: 'folder',
    name: 'embedded',
    file: async (path) =>
      files.includes(path) ? keptFile(new URL(`model/${path}`, base), options) : undefined,
  };
  const motion = keptFile(new URL('motion/motion-module.safetensors', base), options);
  return {
    builtIn: true,
    checkpoint: { role: 'checkpoint', source: folder, name: 'Shapes', what: 'comes with this page' },
    motionModule: {
      role: 'motionModule',
      source: motion,
      name: 'Shapes in motion',
      what: 'comes with this page',
    },
    vae: undefined,
    adapters: [],
  };
}

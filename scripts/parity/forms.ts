import { readFileSync } from 'node:fs';
import type { ModelOptions } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import type { Reference } from './reference.js';

/** One of the forms in which a directory holds the same model. */
export interface ModelForm {
  readonly name: string;
  readonly options: ModelOptions;
}

/** The model's folder, single file and torch file, as far as they are there. */
export function modelForms(reference: Reference): ModelForm[] {
  const config = (path: string): Record<string, unknown> =>
    JSON.parse(readFileSync(reference.path(`model/${path}/config.json`), 'utf8'));
  // A single file of an unusual size needs what tensors do not tell: heads, groups, the tokenizer.
  const told = (): Partial<ModelOptions> => ({
    config: { unet: config('unet'), vae: config('vae'), textEncoder: config('text_encoder') },
    tokenizer: fileSource(reference.path('model/tokenizer')),
  });
  const forms = [
    { name: 'folder', path: 'model', extra: (): Partial<ModelOptions> => ({}) },
    { name: 'safetensors', path: 'single-file/model.safetensors', extra: told },
    { name: 'ckpt', path: 'single-file/model.ckpt', extra: told },
  ];
  return forms
    .filter(({ path }) => reference.has(path))
    .map(({ name, path, extra }) => ({
      name,
      options: { checkpoint: fileSource(reference.path(path)), ...extra() },
    }));
}

import type { ReadOptions } from '../core/source.js';
import { storeWeights } from '../models/store-weights.js';
import type { TextualInversionAdapter } from './adapter.js';
import { adapterError } from './adapter-errors.js';
import { openAdapterFile } from './adapter-file.js';
import { nameOfSource } from './adapter-options.js';
import { describeTextualInversion, findVectors } from './textual-inversion-file.js';

/** Options of {@link openTextualInversion}. */
export interface OpenTextualInversionOptions extends ReadOptions {
  /** The text encoder's width: 768 for Stable Diffusion 1.5. */
  width: number;
}

/** A textual inversion's vectors, read. Immutable. */
export interface TextualInversion {
  /** What was opened. */
  readonly adapter: TextualInversionAdapter;
  /** For errors and events: the file. */
  readonly label: string;
  /** The word that stands for the vectors in prompts. */
  readonly token: string;
  /** `[count, width]`: token embeddings that take the places of `count` consecutive tokens, before positions are added. */
  readonly vectors: Float32Array;
  /** How many vectors there are. */
  readonly count: number;
  /** Length of each. */
  readonly width: number;
  /** What the file holds, in a sentence. */
  readonly summary: string;
  /** Changes whenever the vectors may have; `undefined` when that cannot be told. */
  readonly identity: string | undefined;
}

/**
 * Reads the vectors of a textual inversion: of stable-diffusion-webui (`.pt`), the original code, diffusers
 * (`learned_embeds`), or a safetensors file with `emb_params`. The file is closed again.
 * @throws `weights-format`; `weights-mismatch` for files of another kind or base model; `numerics` for NaN or infinity.
 */
export async function openTextualInversion(
  adapter: TextualInversionAdapter,
  { width, signal }: OpenTextualInversionOptions,
): Promise<TextualInversion> {
  const { store } = await openAdapterFile(adapter.source, { signal });
  try {
    const found = findVectors(store);
    if (found.width !== width) {
      throw adapterError(
        store.label,
        `its vectors have width ${found.width}, but the text encoder's is ${width}; it was made for another model`,
        { expected: width, found: found.width },
      );
    }
    const weights = storeWeights(store);
    return Object.freeze({
      adapter,
      label: store.label,
      token: adapter.token ?? found.token ?? nameOfSource(adapter.source),
      vectors: await weights.read(found.key, { signal }),
      count: found.count,
      width,
      summary: describeTextualInversion(found),
      identity: await weights.identity({ signal }),
    });
  } finally {
    await store.close();
  }
}

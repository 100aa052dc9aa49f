import { type ClipTokenizer, createClipTokenizer } from './clip-tokenizer.js';
import { parseMerges, vocabularyFromMerges } from './clip-vocabulary.js';

/**
 * CLIP's own tokenizer, for checkpoints that carry none: every single-file Stable Diffusion 1.x model. The vocabulary
 * is part of this library and loaded by the first call (275 kB).
 */
export async function clipTokenizer(
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ClipTokenizer> {
  options.signal?.throwIfAborted();
  const { clipMerges } = await import('./vocabulary/clip-merges.js');
  const merges = parseMerges(await inflate(clipMerges), 'the built-in vocabulary');
  const tokenizer = await createClipTokenizer(vocabularyFromMerges(merges, "CLIP's vocabulary"));
  options.signal?.throwIfAborted();
  return tokenizer;
}

/** Text from base64 of raw deflate. */
async function inflate(base64: string): Promise<string> {
  const compressed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}

import { AnimateDiffError } from '../core/errors.js';
import type { ModelSource, ReadOptions } from '../core/source.js';
import type { ClipTokenizer } from '../text/clip-tokenizer.js';
import { clipTokenizerFromFiles } from '../text/clip-tokenizer-files.js';
import { clipTokenizer } from '../text/embedded-clip-tokenizer.js';
import type { Checkpoint } from '../weights/checkpoint.js';

/** The caller's tokenizer, else the checkpoint folder's, else CLIP's own. */
export async function pickTokenizer(
  given: ClipTokenizer | ModelSource | undefined,
  checkpoint: Checkpoint,
  options: ReadOptions,
): Promise<ClipTokenizer> {
  if (given === undefined) {
    const { tokenizerFiles } = checkpoint;
    return tokenizerFiles ? clipTokenizerFromFiles(tokenizerFiles, options) : clipTokenizer(options);
  }
  if ('encodePrompt' in given) return given;
  const folder = given.kind === 'folder' ? given : undefined;
  const [vocab, merges, config] = await Promise.all(
    ['vocab.json', 'merges.txt', 'tokenizer_config.json'].map((name) => folder?.file(name, options)),
  );
  if (vocab === undefined || merges === undefined) {
    throw new AnimateDiffError(
      'invalid-options',
      `tokenizer: ${given.name} is no folder with vocab.json and merges.txt`,
    );
  }
  return clipTokenizerFromFiles({ vocab, merges, config }, options);
}

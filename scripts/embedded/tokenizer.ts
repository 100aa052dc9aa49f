import { join } from 'node:path';
import { fileSource } from '../../src/core/file-source-node.ts';
import type { ByteSource } from '../../src/core/source.ts';
import type { ClipTokenizer } from '../../src/text/clip-tokenizer.ts';
import { clipTokenizerFromFiles } from '../../src/text/clip-tokenizer-files.ts';
import { modelFolder } from './stage-files.ts';

/** The model's tokenizer: a vocabulary of the captions' words, which is part of the repository and not trained. */
export function modelTokenizer(): Promise<ClipTokenizer> {
  const file = (name: string): ByteSource =>
    fileSource(join(modelFolder, 'model/tokenizer', name)) as ByteSource;
  return clipTokenizerFromFiles({
    vocab: file('vocab.json'),
    merges: file('merges.txt'),
    config: file('tokenizer_config.json'),
  });
}

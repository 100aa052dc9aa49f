import type { Float32Tensor } from '../core/tensor.js';
import { invalid } from './component-options.js';
import type { ResolvedEndlessOptions } from './endless-options.js';
import type { PipelineEvent } from './events.js';
import type { GenerationParts } from './generation-parts.js';
import { promptBatch } from './prompt-batch.js';
import { encodePrompts, truncation } from './prompt-plan.js';

type Events<T> = AsyncGenerator<PipelineEvent, T, undefined>;

/** The embeddings of an endless animation, `[1, tokens, width]`. */
export interface EndlessPrompts {
  /** Of what to show at a frame. Each frame is asked for once, in order. */
  at(frame: number): Events<Float32Tensor>;
  /** Of what not to show; `undefined` without guidance. */
  negative(): Events<Float32Tensor | undefined>;
}

/** Texts whose embeddings are kept: enough for prompts that come back, and no more however many there are. */
const keptTexts = 8;

/** Reads the prompts of an endless animation and encodes each text once while it is among the latest. */
export function endlessPrompts(
  { components, inversions }: Pick<GenerationParts, 'components' | 'inversions'>,
  options: ResolvedEndlessOptions,
): EndlessPrompts {
  const { prompt, negativePrompt, guidanceScale, promptSyntax } = options;
  const { tokenizer } = components;
  const latest = new Map<string, Float32Tensor>();

  async function* encode(text: string, name: string): Events<Float32Tensor> {
    const batch = promptBatch(tokenizer, inversions, [text], { promptSyntax });
    const words = batch.truncated[0]!;
    if (words !== '') yield { type: 'warning', warning: truncation(name, words, tokenizer.maxLength - 2) };
    return yield* encodePrompts({ components }, { batch }, options);
  }

  return {
    async *at(frame) {
      const text: unknown = typeof prompt === 'string' ? prompt : prompt(frame);
      if (typeof text !== 'string') {
        invalid(
          `prompt: the function gave ${text === null ? 'null' : typeof text} at frame ${frame}, expected text`,
        );
      }
      const name = typeof prompt === 'string' ? 'prompt' : `prompt at frame ${frame}`;
      const embedding = latest.get(text) ?? (yield* encode(text, name));
      // Once more at the end: the first is the one that was not asked for longest.
      latest.delete(text);
      latest.set(text, embedding);
      const [oldest] = latest.keys();
      if (latest.size > keptTexts) latest.delete(oldest!);
      return embedding;
    },
    async *negative() {
      return guidanceScale > 1 ? yield* encode(negativePrompt, 'negativePrompt') : undefined;
    },
  };
}

import type { Emphasis } from '../text/emphasis.js';

/**
 * How prompts are read: `plain` takes every sign as text; `weighted` is the syntax of stable-diffusion-webui, where
 * `(word)`, `[word]`, `(word:1.3)` and `BREAK` have a meaning.
 */
export type PromptSyntax = 'plain' | 'weighted';

/**
 * What becomes of a prompt of more than 75 tokens: its end is left out, with a warning that tells the words
 * (`truncate`), or it is encoded in chunks of 75 (`chunk`).
 */
export type LongPrompts = 'truncate' | 'chunk';

/** How prompts become token ids. */
export interface PromptOptions {
  /** See {@link PromptSyntax}. Default `plain`. */
  promptSyntax?: PromptSyntax | undefined;
  /** See {@link LongPrompts}. Default `truncate`, for which `BREAK` is no more than a gap between words. */
  longPrompts?: LongPrompts | undefined;
  /**
   * With `chunk`: a full chunk ends after its last comma if that is among so many last tokens; 0 to 74, 0 for never.
   * Default 20.
   */
  commaBacktrack?: number | undefined;
}

/** How prompts become embeddings. */
export interface PromptEncodingOptions extends PromptOptions {
  /** With `weighted`: see {@link Emphasis}. Default `original`. */
  emphasis?: Emphasis | undefined;
}

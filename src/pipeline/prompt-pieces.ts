import type { TextualInversion } from '../adapters/textual-inversion.js';
import { parsePromptWeights } from '../text/prompt-weights.js';
import type { PromptSyntax } from './prompt-options.js';

/** A stretch of a prompt: words, or one word that stands for learned vectors. */
export interface PromptPiece {
  /** As it was written, brackets and escapes of weights resolved. */
  readonly text: string;
  /** How much it counts; 1 is normal. */
  readonly weight: number;
  /** What the text stands for, where it is a learned word. */
  readonly inversion?: TextualInversion | undefined;
}

/**
 * The pieces of a prompt, in sections between which `BREAK` stands. A learned word counts in any case and only as a
 * whole, also in ComfyUI's form `embedding:word`.
 * @throws `invalid-options`, see {@link parsePromptWeights}.
 */
export function promptPieces(
  prompt: string,
  inversions: readonly TextualInversion[],
  syntax: PromptSyntax,
): PromptPiece[][] {
  const sections = syntax === 'weighted' ? parsePromptWeights(prompt) : [[{ text: prompt, weight: 1 }]];
  if (inversions.length === 0) return sections;
  const byToken = new Map(inversions.map((inversion) => [inversion.token.toLowerCase(), inversion]));
  const pattern = anyOf([...byToken.keys()]);
  return sections.map((section) => section.flatMap((piece) => splitPiece(piece, pattern, byToken)));
}

function anyOf(tokens: readonly string[]): RegExp {
  // The longest first, so that a word is not taken for a shorter one that it begins with.
  const words = [...tokens].sort((a, b) => b.length - a.length).map(escaped);
  return new RegExp(`(?<![\\p{L}\\p{N}_])(?:embedding:)?(${words.join('|')})(?![\\p{L}\\p{N}_])`, 'giu');
}

function splitPiece(
  { text, weight }: PromptPiece,
  pattern: RegExp,
  byToken: ReadonlyMap<string, TextualInversion>,
): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const inversion = byToken.get(match[1]!.toLowerCase());
    if (inversion === undefined) continue;
    pieces.push({ text: text.slice(end, match.index), weight }, { text: match[0], weight, inversion });
    end = match.index + match[0].length;
  }
  pieces.push({ text: text.slice(end), weight });
  return pieces.filter((piece) => piece.text !== '');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
